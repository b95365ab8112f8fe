import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api } from '../api/client.ts';
import { explained } from '../api/problem.ts';
import type { Alarm } from '../api/types.ts';
import { go } from '../app/place.ts';
import { useMay } from '../app/session.ts';
import { useWords } from '../i18n/index.ts';
import { incidents, openIncidentOf, useRows, useStanding } from '../live/city.ts';
import { askForIncident } from '../operations/ask.ts';
import { tell } from '../ui/notices.ts';

export function Suppressed({ cause }: { cause: Alarm }) {
  const { t, said } = useWords();
  const [open, setOpen] = useState(false);
  const query = useQuery({
    queryKey: ['suppressed', cause.id, cause.suppresses],
    queryFn: () =>
      answered(
        api.GET('/api/v1/alarms', { params: { query: { suppressed_by: cause.id, state: 'suppressed', limit: 1000 } } }),
      ),
    enabled: open,
  });
  if (!cause.suppresses) return null;
  return (
    <section className="panel-part">
      <button
        type="button"
        className="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        data-testid="suppressed"
      >
        {open ? '▾' : '▸'} {t('alarm.hides', { count: cause.suppresses })}
      </button>
      {open && (
        <ul className="plain-list" data-testid="suppressed-list">
          {(query.data?.rows ?? []).map((row) => (
            <li key={row.id}>
              <button
                type="button"
                className="link"
                onClick={() => go({ selection: { type: 'asset', key: row.asset } })}
              >
                {row.asset}
              </button>{' '}
              {said(row.name)} <span className="quiet">{row.street}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Attach({ row }: { row: Alarm }) {
  const { t } = useWords();
  const open = useRows(incidents);
  const [number, setNumber] = useState('');
  if (row.raises !== 'alarm' || open.length === 0) return null;
  const attach = async () => {
    try {
      const path = { number: Number(number) };
      await answered(api.POST('/api/v1/incidents/{number}/alarms', { params: { path }, body: { alarm: row.id } }));
      go({ selection: { type: 'incident', key: number } });
    } catch (error) {
      tell(explained(error));
    }
  };
  return (
    <span className="attach">
      <select
        className="input"
        value={number}
        onChange={(event) => setNumber(event.target.value)}
        aria-label={t('alarm.attach_to')}
      >
        <option value="">{t('alarm.attach_to')}</option>
        {[...open]
          .sort((a, b) => b.number - a.number)
          .map((one) => (
            <option key={one.number} value={one.number}>
              {t('incident.number', { number: one.number })} {one.title}
            </option>
          ))}
      </select>
      {number && (
        <button type="button" className="button" onClick={() => void attach()}>
          {t('alarm.attach')}
        </button>
      )}
    </span>
  );
}

/**
 * The incident that an alarm belongs to, and the way to one that answers for it. A closed incident is only the past: what
 * stays or returns after it may have a new one.
 */
export function WithIncident({ row }: { row: Alarm }) {
  const { t } = useWords();
  const may = useMay();
  useRows(incidents);
  const known = useStanding(incidents) === 'known';
  const open = openIncidentOf(row);
  const number = row.incident === undefined ? '' : t('incident.number', { number: row.incident });
  const operates = may('operate', 'operations', row.commune);
  const unanswered = !open && (known || row.incident === undefined);
  return (
    <>
      {row.incident !== undefined && (
        <button
          type="button"
          className="button"
          onClick={() => go({ selection: { type: 'incident', key: String(row.incident) } })}
          data-testid="to-incident"
        >
          {t(open || !known ? 'alarm.to_incident' : 'alarm.to_closed_incident', { number })}
        </button>
      )}
      {unanswered && operates && (
        <>
          <button
            type="button"
            className="button"
            onClick={() => askForIncident({ alarm: row.id })}
            data-testid="open-incident"
          >
            {t(row.incident === undefined ? 'alarm.open_incident' : 'alarm.open_new_incident')} <kbd>F2</kbd>
          </button>
          <Attach row={row} />
        </>
      )}
    </>
  );
}
