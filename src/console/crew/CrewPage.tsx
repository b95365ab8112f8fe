import { useCallback, useEffect, useState } from 'react';
import { Problem } from '../api/problem.ts';
import type { Intervention } from '../api/types.ts';
import { useWords } from '../i18n/index.ts';
import { clock } from '../live/clock.ts';
import { Moment } from '../ui/Age.tsx';
import { useNow } from '../ui/useNow.ts';
import { Conflicts } from './Conflicts.tsx';
import { followRoom } from './follow.ts';
import { InterventionCard } from './InterventionCard.tsx';
import { News } from './News.tsx';
import type { Answer } from './outbox.ts';
import { PositionButton } from './PositionButton.tsx';
import { Preferences } from './Preferences.tsx';
import { flushPosition, outbox, readInterventions, whenTaken } from './room.ts';
import { kept, type Person } from './shelf.ts';
import { minutesWrong } from './times.ts';

const again_ms = 10_000;

interface Props {
  person: Person;
  online: boolean;
  answers: readonly Answer[];
  onSignOut: () => void;
  onSignInNeeded: () => void;
}

export function CrewPage({ person, online, answers, onSignOut, onSignInNeeded }: Props) {
  const { t } = useWords();
  const [rows, setRows] = useState<Intervention[] | null>(null);
  const [at, setAt] = useState<string | undefined>();
  const [reached, setReached] = useState(online);

  const read = useCallback(async () => {
    if (!person.crew) return;
    try {
      const list = await readInterventions(person.crew);
      setRows(list.rows);
      setAt(list.at);
      setReached(true);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) onSignInNeeded();
      else setReached(false);
    }
  }, [person.crew, onSignInNeeded]);

  const exchange = useCallback(async () => {
    await outbox.flush();
    if (outbox.needsSignIn) return onSignInNeeded();
    if (person.crew) await flushPosition(person);
    await read();
  }, [read, person, onSignInNeeded]);

  useEffect(() => {
    if (!online || !person.crew) return;
    return followRoom(person.crew, () => void read());
  }, [online, person.crew, read]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the network came or went
  useEffect(() => {
    void kept('interventions').then((list) => {
      if (list) {
        setRows((now) => now ?? list.rows);
        setAt((now) => now ?? list.at);
      }
    });
    whenTaken(() => void read());
    void exchange();
    const timer = setInterval(() => {
      if (!document.hidden) void exchange();
    }, again_ms);
    const seen = () => {
      if (!document.hidden) void exchange();
    };
    document.addEventListener('visibilitychange', seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [exchange, read, online]);

  const waiting = answers.filter((one) => one.state === 'waiting' && one.by === person.login).length;
  const others = answers.filter((one) => one.by !== person.login).length;
  const connected = online && reached;
  useNow();
  const wrong = minutesWrong(clock.offset());
  return (
    <div className="crew">
      <header className="crew-head">
        <h1>{person.crew || person.name}</h1>
        <p role="status" data-testid="crew-status" data-online={connected}>
          <span className={connected ? 'crew-dot crew-dot-on' : 'crew-dot'} aria-hidden="true" />
          {t(connected ? 'crew.online' : 'crew.offline')}
          {waiting > 0 && <span className="strong"> · {t('crew.outbox', { count: waiting })}</span>}
        </p>
      </header>
      <main>
        <News rows={rows} />
        {wrong !== 0 && (
          <p className="refusal" data-testid="clock-wrong">
            {t(wrong > 0 ? 'crew.clock_ahead' : 'crew.clock_behind', { count: Math.abs(wrong) })}
          </p>
        )}
        {!person.crew && <p className="refusal">{t('crew.no_crew')}</p>}
        {others > 0 && <p className="refusal">{t('crew.others', { count: others })}</p>}
        <Conflicts answers={answers.filter((one) => one.by === person.login)} />
        {rows && rows.length === 0 && <p className="crew-empty quiet">{t('crew.none')}</p>}
        <ul className="crew-list" aria-label={t('crew.title')}>
          {(rows ?? []).map((row) => (
            <InterventionCard key={row.id} row={row} answers={answers.filter((one) => one.intervention === row.id)} />
          ))}
        </ul>
        {at && (
          <p className="quiet small">
            {t('crew.as_of')} <Moment at={at} seconds />
          </p>
        )}
      </main>
      <footer className="crew-foot">
        {person.crew && <PositionButton person={person} />}
        <span className="crew-foot-row">
          <Preferences />
          <span className="quiet">{person.name}</span>
          <button type="button" className="button" onClick={onSignOut}>
            {t('crew.sign_out')}
          </button>
        </span>
      </footer>
    </div>
  );
}
