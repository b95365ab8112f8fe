import { useWords } from '../i18n/index.ts';
import { troubles, useRows } from '../live/city.ts';
import { clock } from '../ui/format.ts';

/** What the server says is wrong with itself: alarms that belong to no equipment. */
export function SelfBanner() {
  const { language } = useWords();
  const rows = [...useRows(troubles)].sort((a, b) => a.priority - b.priority);
  return (
    <div role="alert" className="self-banner" hidden={rows.length === 0} data-testid="self-banner">
      {rows.map((row) => (
        <div key={row.code} data-code={row.code}>
          <time dateTime={row.since}>{clock(Date.parse(row.since), language)}</time>{' '}
          {language === 'fr' ? row.text.fr : row.text.en}
        </div>
      ))}
    </div>
  );
}
