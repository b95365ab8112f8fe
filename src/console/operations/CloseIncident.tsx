import { useState } from 'react';
import { answered, api } from '../api/client.ts';
import { KeyOfAct } from '../api/keys.ts';
import { useWords } from '../i18n/index.ts';
import { incidents } from '../live/city.ts';
import { FormDialog } from '../ui/FormDialog.tsx';

const reasons = ['solved', 'no_fault_found', 'duplicate', 'false_alarm', 'handed_over'] as const;

/** The server says what is left open; then the incident stays open. */
export function CloseIncident({ number, onClose }: { number: number; onClose: () => void }) {
  const { t } = useWords();
  const [key] = useState(() => new KeyOfAct());
  const send = async (form: FormData) => {
    const body = {
      reason: String(form.get('reason')) as (typeof reasons)[number],
      text: String(form.get('text')).trim() || undefined,
    };
    const params = { path: { number }, header: { 'Idempotency-Key': key.of(body) } };
    incidents.put(await answered(api.POST('/api/v1/incidents/{number}/close', { params, body })));
    onClose();
  };
  return (
    <FormDialog title={t('incident.close')} submit={t('incident.close')} send={send} onClose={onClose} name="close">
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
    </FormDialog>
  );
}
