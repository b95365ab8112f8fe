import type { NewContact } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';

const channels: NewContact['channel'][] = ['phone', 'counter', 'email', 'radio', 'other'];

export function wordsOf(form: FormData, name: string): string | undefined {
  const text = String(form.get(name) ?? '').trim();
  return text === '' ? undefined : text;
}

/** What the fields below hold. */
export function contactOf(form: FormData): NewContact {
  return {
    channel: String(form.get('channel')) as NewContact['channel'],
    summary: wordsOf(form, 'summary') ?? wordsOf(form, 'title') ?? '',
    caller_name: wordsOf(form, 'caller_name'),
    callback_number: wordsOf(form, 'callback_number'),
    address: wordsOf(form, 'address'),
  };
}

export function ContactFields() {
  const { t } = useWords();
  return (
    <>
      <div className="field-row">
        <label className="field">
          <span>{t('contact.channel')}</span>
          <select className="input" name="channel">
            {channels.map((one) => (
              <option key={one} value={one}>
                {t(`contact.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>{t('contact.callback')}</span>
          <input className="input" name="callback_number" type="tel" maxLength={40} autoComplete="off" />
        </label>
      </div>
      <div className="field-row">
        <label className="field">
          <span>{t('contact.caller')}</span>
          <input className="input" name="caller_name" maxLength={200} autoComplete="off" />
        </label>
        <label className="field">
          <span>{t('contact.address')}</span>
          <input className="input" name="address" autoComplete="off" />
        </label>
      </div>
      <label className="field">
        <span>{t('contact.summary')}</span>
        <textarea className="input" name="summary" maxLength={4000} required data-testid="contact-summary" />
      </label>
      <p className="quiet small">{t('contact.private')}</p>
    </>
  );
}
