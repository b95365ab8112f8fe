import { useWords } from '../i18n/index.ts';
import { Moment } from '../ui/Age.tsx';
import type { Answer } from './outbox.ts';
import { minutesWrong } from './times.ts';

/** When it was tapped, in the room's time; with what the telephone said, when that is another. */
export function Tapped({ answer }: { answer: Answer }) {
  const { t } = useWords();
  const { move, tapped } = answer;
  const other = tapped !== undefined && minutesWrong(Date.parse(move.at) - Date.parse(tapped)) !== 0;
  return (
    <span className="quiet">
      ({t('crew.tapped_at')} <Moment at={move.at} seconds />
      {other && (
        <>
          {', '}
          {t('crew.phone_said')} <Moment at={tapped} seconds />
        </>
      )}
      )
    </span>
  );
}
