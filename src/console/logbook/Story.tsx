import type { LogbookEntry } from '../api/types.ts';
import { go } from '../app/place.ts';
import { useWords } from '../i18n/index.ts';
import { Moment } from '../ui/Age.tsx';
import { author, isSigned } from '../ui/author.ts';

interface Props {
  rows: readonly LogbookEntry[];
  linked?: boolean;
  /** Asks for a correction of an entry; absent where one may not write. */
  onCorrect?: (row: LogbookEntry) => void;
}

/** Entries of the logbook, in the order given. What was written late says so: both clocks are kept. */
export function Story({ rows, linked, onCorrect }: Props) {
  const { t, said } = useWords();
  return (
    <ol className="story" data-testid="story">
      {rows.map((row) => {
        const signed = isSigned(row.entry_type);
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
                {signed && author(row.author, row.author_name)}
                {late && (
                  <>
                    {signed && ' · '}
                    {t('logbook.recorded')} <Moment at={row.recorded_at} seconds />
                  </>
                )}
                {row.corrects !== undefined && ` · ${t('logbook.corrects', { number: row.corrects })}`}
                {onCorrect && (
                  <>
                    {(signed || late) && ' · '}
                    <span>{t('logbook.number', { number: row.number })}</span>{' '}
                    <button
                      type="button"
                      className="link"
                      onClick={() => onCorrect(row)}
                      aria-label={t('logbook.correct_entry', { number: row.number })}
                      data-testid="correct"
                    >
                      {t('logbook.correct')}
                    </button>
                  </>
                )}
              </span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}
