import { type FormEvent, useState } from 'react';
import { answered, api } from '../api/client.ts';
import { KeyOfAct } from '../api/keys.ts';
import { explained } from '../api/problem.ts';
import { useWords } from '../i18n/index.ts';
import { incidents } from '../live/city.ts';
import { Dialog } from '../ui/Dialog.tsx';

const reasons = ['solved', 'no_fault_found', 'duplicate', 'false_alarm', 'handed_over'] as const;

/** The server says what is left open; then the incident stays open. */
export function CloseIncident({ number, onClose }: { number: number; onClose: () => void }) {
  const { t } = useWords();
  const [refusal, setRefusal] = useState('');
  const [key] = useState(() => new KeyOfAct());
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const body = {
      reason: String(form.get('reason')) as (typeof reasons)[number],
      text: String(form.get('text')).trim() || undefined,
    };
    const params = { path: { number }, header: { 'Idempotency-Key': key.of(body) } };
    try {
      incidents.put(await answered(api.POST('/api/v1/incidents/{number}/close', { params, body })));
      onClose();
    } catch (error) {
      setRefusal(explained(error));
    }
  };
  return (
    <Dialog title={t('incident.close')} onClose={onClose} testId="close-dialog">
      <form onSubmit={(event) => void submit(event)}>
        <label className="field">
          <span>{t('incident.close_reason')}</span>
          <select className="input" name="reason" data-testid="close-reason">
            {reasons.map((one) => (
              <option key={one} value={one}>
                {t(`close.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>{t('incident.note_optional')}</span>
          <textarea className="input" name="text" maxLength={4000} />
        </label>
        {refusal && (
          <p className="refusal" role="alert" data-testid="close-refusal">
            {refusal}
          </p>
        )}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('common.leave')}
          </button>
          <button type="submit" className="button button-primary" data-testid="close-submit">
            {t('incident.close')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
