import { type FormEvent, useState } from 'react';
import { answered, api } from '../api/client.ts';
import { newKey } from '../api/keys.ts';
import type { Intervention, InterventionState, Move, MoveReason } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { crews, interventions } from '../live/city.ts';
import { clock } from '../live/clock.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { needsNote, reasonsOf } from './reasons.ts';
import type { useActs } from './useIncident.ts';

interface Props {
  row: Intervention;
  to: InterventionState;
  act: ReturnType<typeof useActs>['act'];
  onClose: () => void;
}

export function MoveIntervention({ row, to, act, onClose }: Props) {
  const { t } = useWords();
  const reasons = reasonsOf[to];
  const [reason, setReason] = useState<MoveReason | ''>(reasons?.[0] ?? '');
  const [key] = useState(newKey);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const note = String(new FormData(event.currentTarget).get('note') ?? '').trim();
    const body: Move = {
      to,
      at: new Date(clock.now()).toISOString(),
      reason: reason || undefined,
      note: note || undefined,
    };
    const params = { path: { id: row.id }, header: { 'Idempotency-Key': key } };
    onClose();
    await act(async () =>
      interventions.put(await answered(api.POST('/api/v1/interventions/{id}/transitions', { params, body }))),
    );
  };
  return (
    <Dialog title={t(`move.${to}`)} onClose={onClose} testId="move-dialog">
      <form onSubmit={(event) => void submit(event)}>
        <p>
          {crews.get(row.crew)?.name ?? row.crew} – {row.incident_title}
        </p>
        {to === 'verified' && <p className="refusal">{t('intervention.override_meaning')}</p>}
        {reasons && (
          <label className="field">
            <span>{t('intervention.reason')}</span>
            <select
              className="input"
              value={reason}
              onChange={(event) => setReason(event.target.value as MoveReason)}
              data-testid="reason"
            >
              {reasons.map((one) => (
                <option key={one} value={one}>
                  {t(`reason.${one}`)}
                </option>
              ))}
            </select>
          </label>
        )}
        <label className="field">
          <span>{t(needsNote(to, reason) ? 'intervention.note_required' : 'intervention.note_optional')}</span>
          <textarea
            className="input"
            name="note"
            maxLength={4000}
            required={needsNote(to, reason)}
            data-testid="move-note"
          />
        </label>
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('common.leave')}
          </button>
          <button type="submit" className="button button-primary" data-testid="move-submit">
            {t(`move.${to}`)}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
