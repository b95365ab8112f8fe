import type { LogbookEntry } from '../api/types.ts';
import { go } from '../app/place.ts';
import { useWords } from '../i18n/index.ts';
import { Moment } from '../ui/Age.tsx';
import { author } from '../ui/author.ts';

/** Entries of the logbook, in the order given. What was written late says so: both clocks are kept. */
export function Story({ rows, linked }: { rows: readonly LogbookEntry[]; linked?: boolean }) {
  const { t, said } = useWords();
  return (
    <ol className="story" data-testid="story">
      {rows.map((row) => {
        const late = Date.parse(row.recorded_at) - Date.parse(row.at) > 60_000;
        return (
          <li key={row.number}>
            <Moment at={row.at} seconds />
            <span>
              {linked && row.incident !== undefined && (
                <>
                  <button
                    type="button"
                    className="link"
                    onClick={() =>
                      go({ page: 'operations', selection: { type: 'incident', key: String(row.incident) } })
                    }
                  >
                    {t('incident.number', { number: row.incident })}
                  </button>{' '}
                </>
              )}
              <span className="story-text">{said(row.text)}</span>{' '}
              <span className="quiet small">
                {said(row.text).includes(row.author_name ?? row.author) ? '' : author(row.author, row.author_name)}
                {late && (
                  <>
                    {' · '}
                    {t('logbook.recorded')} <Moment at={row.recorded_at} seconds />
                  </>
                )}
                {row.corrects !== undefined && ` · ${t('logbook.corrects', { number: row.corrects })}`}
              </span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}
