import { type FormEvent, useState } from 'react';
import { answered, api, newKey } from '../api/client.ts';
import { explained } from '../api/problem.ts';
import type { Address, Desk, NewContact, Position, NewIncident as Wanted } from '../api/types.ts';
import { go } from '../app/place.ts';
import { useWords } from '../i18n/index.ts';
import { alarms, desks, useRows } from '../live/city.ts';
import { AddressBox } from '../map/AddressBox.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { number } from '../ui/format.ts';

export interface NewIncidentFrom {
  alarm?: string;
  asset?: string;
  position?: Position;
}

/** Opens the question from anywhere in the page. */
export function askForIncident(from: NewIncidentFrom) {
  dispatchEvent(new CustomEvent<NewIncidentFrom>('vigie:new-incident', { detail: from }));
}

const focus_after_ms = 100;
const channels: NewContact['channel'][] = ['phone', 'counter', 'email', 'radio', 'other'];

function words(form: FormData, name: string): string | undefined {
  const text = String(form.get(name) ?? '').trim();
  return text === '' ? undefined : text;
}

/** Makes the contact first, when somebody called, and the incident from it; each with a key of its own to try again. */
async function open(form: FormData, from: NewIncidentFrom, keys: [string, string]): Promise<number | null> {
  const called = form.get('called') === 'on';
  const desk = words(form, 'desk') as Desk | undefined;
  let contact: string | undefined;
  if (called) {
    const body: NewContact = {
      channel: String(form.get('channel')) as NewContact['channel'],
      summary: words(form, 'summary') ?? words(form, 'title') ?? '',
      desk,
      caller_name: words(form, 'caller_name'),
      callback_number: words(form, 'callback_number'),
      address: words(form, 'address'),
      position: from.position,
      answered: form.get('answered') === 'on' || undefined,
    };
    const params = { header: { 'Idempotency-Key': keys[0] } };
    const kept = await answered(api.POST('/api/v1/contacts', { params, body }));
    if (body.answered) return null;
    contact = kept.id;
  }
  const body: Wanted = {
    alarm: from.alarm,
    contact,
    title: words(form, 'title'),
    desk,
    priority: Number(form.get('priority')) || undefined,
    position: from.position,
    asset: from.asset,
    note: words(form, 'note'),
    claim: form.get('claim') === 'on',
  };
  const params = { header: { 'Idempotency-Key': keys[1] } };
  const made = await answered(api.POST('/api/v1/incidents', { params, body }));
  return made.number;
}

/** An asset found by its code is more than a place. */
function placedFrom(from: NewIncidentFrom, place: Address | null): NewIncidentFrom {
  if (!place) return from;
  const asset = place.match === 'asset' ? place.code : undefined;
  return { ...from, asset, position: place.position as Position };
}

function Contact() {
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
      <label>
        <input type="checkbox" name="answered" /> {t('contact.answered')}
      </label>
    </>
  );
}

export function NewIncident({ from, onClose }: { from: NewIncidentFrom; onClose: () => void }) {
  const { t, said, language } = useWords();
  const deskRows = useRows(desks);
  const alarm = from.alarm ? alarms.get(from.alarm) : undefined;
  const [place, setPlace] = useState<Address | null>(null);
  const [called, setCalled] = useState(!from.alarm && !from.position && !from.asset);
  const [refusal, setRefusal] = useState('');
  const [asking, setAsking] = useState(false);
  const [keys] = useState<[string, string]>(() => [newKey(), newKey()]);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setAsking(true);
    setRefusal('');
    try {
      const made = await open(form, placedFrom(from, place), keys);
      onClose();
      if (made === null) return;
      go({ page: 'operations', selection: { type: 'incident', key: String(made) } });
      // After the dialog has given the focus back: who works by keyboard goes on where the incident is.
      setTimeout(() => document.getElementById('detail-pane')?.focus(), focus_after_ms);
    } catch (error) {
      setRefusal(explained(error));
      setAsking(false);
    }
  };
  return (
    <Dialog title={t('incident.new_title')} onClose={onClose} testId="new-incident-dialog">
      <form onSubmit={(event) => void submit(event)}>
        {alarm && (
          <p>
            {t('incident.from_alarm')} <span className="strong">{said(alarm.name)}</span> – {alarm.asset}
          </p>
        )}
        {from.asset && (
          <p>
            {t('incident.from_asset')} <span className="strong">{from.asset}</span>
          </p>
        )}
        {from.position && !from.asset && (
          <p>
            {t('incident.from_place')} {number(from.position[1], language, 5)} ; {number(from.position[0], language, 5)}
          </p>
        )}
        {!from.alarm && !from.asset && !from.position && (
          <div>
            <AddressBox
              label={t('incident.place')}
              placeholder={t('incident.place_hint')}
              testId="place"
              labelled
              onChoose={setPlace}
            />
            {place && (
              <p data-testid="placed">
                {t('incident.placed')} <span className="strong">{place.label}</span>
              </p>
            )}
          </div>
        )}
        {!alarm && (
          <label>
            <input
              type="checkbox"
              name="called"
              checked={called}
              onChange={(event) => setCalled(event.target.checked)}
              data-testid="called"
            />{' '}
            {t('contact.called')}
          </label>
        )}
        {called && <Contact />}
        <label className="field">
          <span>{t(alarm ? 'incident.title_optional' : 'incident.title')}</span>
          <input className="input" name="title" maxLength={200} required={!alarm && !called} data-testid="title" />
        </label>
        <div className="field-row">
          <label className="field">
            <span>{t('incident.desk')}</span>
            <select className="input" name="desk" defaultValue={alarm?.desk ?? ''} required={!alarm} data-testid="desk">
              <option value="">{t('incident.choose')}</option>
              {deskRows.map((row) => (
                <option key={row.desk} value={row.desk}>
                  {said(row.name)}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>{t('incident.priority')}</span>
            <select className="input" name="priority" defaultValue={String(alarm?.priority ?? 3)}>
              {[1, 2, 3, 4].map((one) => (
                <option key={one} value={one}>
                  {one} – {t(`priority.${one}`)}
                </option>
              ))}
            </select>
          </label>
        </div>
        <label className="field">
          <span>{t('incident.note_optional')}</span>
          <textarea className="input" name="note" maxLength={4000} />
        </label>
        <label>
          <input type="checkbox" name="claim" defaultChecked /> {t('incident.claim_at_once')}
        </label>
        {refusal && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('common.leave')}
          </button>
          <button type="submit" className="button button-primary" disabled={asking} data-testid="open-incident-submit">
            {t('incident.submit')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
