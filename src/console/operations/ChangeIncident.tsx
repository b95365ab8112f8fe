import { answered, api } from '../api/client.ts';
import type { Desk, Incident } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { desks, incidents, useRows } from '../live/city.ts';
import { FormDialog } from '../ui/FormDialog.tsx';

export function ChangeIncident({ incident, onClose }: { incident: Incident; onClose: () => void }) {
  const { t, said } = useWords();
  const deskRows = useRows(desks);
  const send = async (form: FormData) => {
    const params = { path: { number: incident.number }, header: { 'If-Match': `"${incident.version}"` } };
    const body = {
      title: String(form.get('title')),
      priority: Number(form.get('priority')),
      desk: String(form.get('desk')) as Desk,
    };
    incidents.put(await answered(api.PATCH('/api/v1/incidents/{number}', { params, body })));
    onClose();
  };
  return (
    <FormDialog
      title={t('incident.change')}
      submit={t('incident.keep_change')}
      send={send}
      onClose={onClose}
      name="change"
    >
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
    </FormDialog>
  );
}
