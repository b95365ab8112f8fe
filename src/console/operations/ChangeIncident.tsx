import { type FormEvent, useState } from 'react';
import { answered, api } from '../api/client.ts';
import { explained } from '../api/problem.ts';
import type { Desk, Incident } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { desks, incidents, useRows } from '../live/city.ts';
import { Dialog } from '../ui/Dialog.tsx';

export function ChangeIncident({ incident, onClose }: { incident: Incident; onClose: () => void }) {
  const { t, said } = useWords();
  const deskRows = useRows(desks);
  const [refusal, setRefusal] = useState('');
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const params = { path: { number: incident.number }, header: { 'If-Match': `"${incident.version}"` } };
    const body = {
      title: String(form.get('title')),
      priority: Number(form.get('priority')),
      desk: String(form.get('desk')) as Desk,
    };
    try {
      incidents.put(await answered(api.PATCH('/api/v1/incidents/{number}', { params, body })));
      onClose();
    } catch (error) {
      setRefusal(explained(error));
    }
  };
  return (
    <Dialog title={t('incident.change')} onClose={onClose} testId="change-dialog">
      <form onSubmit={(event) => void submit(event)}>
        <label className="field">
          <span>{t('incident.title')}</span>
          <input className="input" name="title" defaultValue={incident.title} maxLength={200} required />
        </label>
        <div className="field-row">
          <label className="field">
            <span>{t('incident.desk')}</span>
            <select className="input" name="desk" defaultValue={incident.desk}>
              {deskRows.map((row) => (
                <option key={row.desk} value={row.desk}>
                  {said(row.name)}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            <span>{t('incident.priority')}</span>
            <select className="input" name="priority" defaultValue={String(incident.priority)}>
              {[1, 2, 3, 4].map((one) => (
                <option key={one} value={one}>
                  {one} – {t(`priority.${one}`)}
                </option>
              ))}
            </select>
          </label>
        </div>
        {refusal && (
          <p className="refusal" role="alert">
            {refusal}
          </p>
        )}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('common.leave')}
          </button>
          <button type="submit" className="button button-primary">
            {t('incident.keep_change')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
