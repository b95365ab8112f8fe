import { go, usePlace } from '../app/place.ts';
import { useWords } from '../i18n/index.ts';
import { desks, useRows, useStanding } from '../live/city.ts';
import { age } from '../ui/format.ts';
import { useNow } from '../ui/useNow.ts';
import { Lacking } from './Lacking.tsx';

const order = ['security', 'police', 'video', 'traffic', 'winter', 'citizen'];
/** Beyond this in ten minutes, one person cannot answer them any more (EEMUA 191). */
export const flood_alarms = 10;

/** Six desks at a glance; each is also the filter of the queue. */
export function DeskStrips() {
  const { t, said, language } = useWords();
  const rows = useRows(desks);
  const standing = useStanding(desks);
  const { desk } = usePlace();
  const now = useNow();
  const sorted = [...rows].sort((a, b) => order.indexOf(a.desk) - order.indexOf(b.desk));
  if (sorted.length === 0) {
    return (
      <div className="desks-lacking">
        <Lacking parts={[['desks', standing]]} />
      </div>
    );
  }
  return (
    <ul className="desks" aria-label={t('desks.title')}>
      {sorted.map((row) => {
        const flood = row.alarms_10_min > flood_alarms;
        return (
          <li key={row.desk}>
            <button
              type="button"
              className="desk"
              aria-pressed={desk === row.desk}
              data-testid={`desk-${row.desk}`}
              onClick={() => go({ desk: desk === row.desk ? '' : row.desk })}
            >
              <span className="desk-name">{said(row.name)}</span>
              <span className="desk-waiting">
                <span className={row.waiting > 0 ? 'desk-number' : 'desk-number quiet'}>{row.waiting}</span>{' '}
                {t('desks.waiting')}
              </span>
              <span className="quiet">
                {row.waiting > 0 && row.oldest_at ? t('desks.oldest', { age: age(row.oldest_at, now, language) }) : ''}
              </span>
              <span className={flood ? 'desk-flood' : 'quiet'}>
                {flood ? '⚠ ' : ''}
                {t(flood ? 'desks.flood' : 'desks.rate', { amount: row.alarms_10_min })}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
