import { useWords } from '../i18n/index.ts';
import type { Answer } from './outbox.ts';
import { outbox } from './room.ts';
import { Tapped } from './Tapped.tsx';

/** Answers that the server did not take. They stay until their author decides. */
export function Conflicts({ answers }: { answers: readonly Answer[] }) {
  const { t } = useWords();
  const refused = answers.filter((one) => one.state === 'conflict');
  if (refused.length === 0) return null;
  return (
    <section className="crew-conflicts" aria-label={t('crew.conflict')}>
      {refused.map((one) => (
        <div key={one.key} className="crew-card" data-testid="conflict" role="alert">
          <h2>{t('common.said', { what: t('crew.conflict'), says: t(`move.${one.move.to}`) })}</h2>
          <p>{one.title}</p>
          <p>
            {one.found
              ? t('crew.conflict_meaning', { state: t(`state.${one.found}`) })
              : t('crew.conflict_plain', { detail: one.refusal ?? '' })}{' '}
            <Tapped answer={one} />
          </p>
          {one.untimely && <p data-testid="untimely">{t('crew.conflict_time')}</p>}
          {one.move.note && <p className="quiet">{one.move.note}</p>}
          <div className="crew-two">
            <button type="button" className="button crew-button" onClick={() => void outbox.tryAgain(one.key)}>
              {t('crew.try_again')}
            </button>
            <button
              type="button"
              className="button crew-button"
              onClick={() => void outbox.giveUp(one.key)}
              data-testid="give-up"
            >
              {t('crew.give_up')}
            </button>
          </div>
        </div>
      ))}
    </section>
  );
}
