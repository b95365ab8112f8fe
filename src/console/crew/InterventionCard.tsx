import { type FormEvent, useState } from 'react';
import type { Intervention, InterventionState, MoveReason } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { needsNote, reasonsOf } from '../operations/reasons.ts';
import { Age } from '../ui/Age.tsx';
import { PriorityMark } from '../ui/PriorityMark.tsx';
import type { Answer } from './outbox.ts';
import { outbox } from './room.ts';
import { likeliest, offered, presentState } from './steps.ts';
import { Tapped } from './Tapped.tsx';

function Why({ row, to, onDone }: { row: Intervention; to: InterventionState; onDone: () => void }) {
  const { t } = useWords();
  const reasons = reasonsOf[to] ?? [];
  const [reason, setReason] = useState<MoveReason | undefined>(reasons[0]);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const note = String(new FormData(event.currentTarget).get('note') ?? '').trim();
    const move = { to, at: new Date().toISOString(), reason, note: note || undefined };
    void outbox.add(row.id, row.incident_title, move);
    onDone();
  };
  return (
    <form className="crew-why" onSubmit={submit}>
      <h3>{t(`move.${to}`)}</h3>
      <label className="field">
        <span>{t('crew.reason')}</span>
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
      <label className="field">
        <span>{t(needsNote(to, reason ?? '') ? 'crew.note_required' : 'crew.note')}</span>
        <textarea className="input" name="note" maxLength={4000} required={needsNote(to, reason ?? '')} />
      </label>
      <div className="crew-two">
        <button type="button" className="button crew-button" onClick={onDone}>
          {t('crew.back')}
        </button>
        <button type="submit" className="button button-primary crew-button" data-testid="confirm">
          {t('crew.confirm')}
        </button>
      </div>
    </form>
  );
}

export function InterventionCard({ row, answers }: { row: Intervention; answers: readonly Answer[] }) {
  const { t, said } = useWords();
  const [why, setWhy] = useState<InterventionState | null>(null);
  const [note, setNote] = useState('');
  const states = offered(row, answers);
  const first = likeliest(states);
  const present = presentState(row, answers);
  const last = answers.filter((one) => one.state === 'waiting').at(-1);
  const tap = (to: InterventionState) => {
    if (reasonsOf[to]) {
      setWhy(to);
      return;
    }
    void outbox.add(row.id, row.incident_title, { to, at: new Date().toISOString(), note: note.trim() || undefined });
    setNote('');
  };
  return (
    <li className="crew-card" data-testid="intervention" data-id={row.id} data-state={present}>
      <div className="crew-card-head">
        <PriorityMark priority={row.priority} size={28} />
        <div>
          <h2>{row.incident_title}</h2>
          <p className="quiet">
            {[row.address, row.asset, t('crew.since')].filter(Boolean).join(' · ')} <Age at={row.created_at} />
          </p>
        </div>
      </div>
      <p>
        <span className="badge strong" data-testid="state">
          {t(`state.${present}`)}
        </span>{' '}
        {last && (
          <span className="quiet" data-testid="to-send">
            {t('crew.to_send')} <Tapped answer={last} />
          </span>
        )}
      </p>
      {row.description && <p>{row.description}</p>}
      {said(row.response) && (
        <div className="crew-response">
          <h3>{t('crew.response')}</h3>
          <p>{said(row.response)}</p>
        </div>
      )}
      {row.position && (
        <p>
          <a href={`geo:${row.position[1]},${row.position[0]}?q=${row.position[1]},${row.position[0]}`}>
            {t('crew.route')}
          </a>
        </p>
      )}
      {why ? (
        <Why row={row} to={why} onDone={() => setWhy(null)} />
      ) : (
        <>
          {states.length > 0 && (
            <label className="field">
              <span>{t('crew.note')}</span>
              <input
                className="input"
                value={note}
                maxLength={4000}
                onChange={(event) => setNote(event.target.value)}
              />
            </label>
          )}
          <div className="crew-answers">
            {states.map((to) => (
              <button
                key={to}
                type="button"
                className={to === first ? 'button button-primary crew-button crew-first' : 'button crew-button'}
                onClick={() => tap(to)}
                data-testid={`answer-${to}`}
              >
                {t(`move.${to}`)}
              </button>
            ))}
          </div>
          {present === 'restored' && <p className="quiet">{t('crew.waiting_for_room')}</p>}
        </>
      )}
    </li>
  );
}
