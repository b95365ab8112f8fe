import { useState } from 'react';
import { answered, api } from '../api/client.ts';
import type { Address, Desk, NewContact, Position, NewIncident as Wanted } from '../api/types.ts';
import { go } from '../app/place.ts';
import { printed } from '../assets/value.ts';
import { useWords } from '../i18n/index.ts';
import { alarms, desks, useRows } from '../live/city.ts';
import { AddressBox } from '../map/AddressBox.tsx';
import { FormDialog } from '../ui/FormDialog.tsx';
import type { NewIncidentFrom } from './ask.ts';
import { ContactFields, contactOf, wordsOf } from './ContactFields.tsx';
import { type Doors, Opening } from './opening.ts';

const focus_after_ms = 100;

const doors: Doors = {
  contact: (body, key) =>
    answered(api.POST('/api/v1/contacts', { params: { header: { 'Idempotency-Key': key } }, body })),
  incident: (body, key) =>
    answered(api.POST('/api/v1/incidents', { params: { header: { 'Idempotency-Key': key } }, body })),
};

function calledBody(form: FormData, from: NewIncidentFrom): NewContact {
  return {
    ...contactOf(form),
    desk: wordsOf(form, 'desk') as Desk | undefined,
    position: from.position,
    answered: form.get('answered') === 'on' || undefined,
  };
}

function incidentBody(form: FormData, from: NewIncidentFrom): Wanted {
  return {
    alarm: from.alarm,
    title: wordsOf(form, 'title'),
    desk: wordsOf(form, 'desk') as Desk | undefined,
    priority: Number(form.get('priority')) || undefined,
    position: from.position,
    asset: from.asset,
    note: wordsOf(form, 'note'),
    claim: form.get('claim') === 'on',
  };
}

/** An asset found by its code is more than a place. */
function placedFrom(from: NewIncidentFrom, place: Address | null): NewIncidentFrom {
  if (!place) return from;
  const asset = place.match === 'asset' ? place.code : undefined;
  return { ...from, asset, position: place.position as Position };
}

export function NewIncident({ from, onClose }: { from: NewIncidentFrom; onClose: () => void }) {
  const { t, said, language } = useWords();
  const deskRows = useRows(desks);
  const alarm = from.alarm ? alarms.get(from.alarm) : undefined;
  const [place, setPlace] = useState<Address | null>(null);
  const [called, setCalled] = useState(!from.alarm && !from.position && !from.asset);
  const [opening] = useState(() => new Opening(doors));
  /** The contact is stored, whatever becomes of the incident. */
  const [kept, setKept] = useState(false);
  const send = async (form: FormData) => {
    const where = placedFrom(from, place);
    const contact = form.get('called') === 'on' ? calledBody(form, where) : null;
    const made = await opening
      .submit(contact, incidentBody(form, where))
      .finally(() => setKept(opening.kept !== undefined));
    onClose();
    if (made === null) return;
    go({ page: 'operations', selection: { type: 'incident', key: String(made) } });
    // After the dialog has given the focus back: who works by keyboard goes on where the incident is.
    setTimeout(() => document.getElementById('detail-pane')?.focus(), focus_after_ms);
  };
  return (
    <FormDialog
      title={t('incident.new_title')}
      submit={t('incident.submit')}
      send={send}
      onClose={onClose}
      name="new-incident"
    >
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
        <p data-testid="from-place">
          {t('incident.from_place')} {printed([from.position[1], from.position[0]], undefined, language)}
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
      {!alarm && !kept && (
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
      {kept && <p data-testid="contact-kept">{t('contact.kept')}</p>}
      {called && !kept && (
        <>
          <ContactFields />
          <label>
            <input type="checkbox" name="answered" /> {t('contact.answered')}
          </label>
        </>
      )}
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
    </FormDialog>
  );
}
