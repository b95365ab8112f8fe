import { type ReactNode, useMemo } from 'react';
import { acknowledge } from '../alarms/acknowledge.ts';
import type { Intervention } from '../api/types.ts';
import { go, type Tab, usePlace } from '../app/place.ts';
import { useMay } from '../app/session.ts';
import { useShortcuts } from '../app/shortcuts.ts';
import { useWords } from '../i18n/index.ts';
import { alarms, desks, incidents, interventions, useRows, useStanding } from '../live/city.ts';
import { showOnMap } from '../map/camera.ts';
import { EntryList } from './EntryList.tsx';
import { EntryRow } from './EntryRow.tsx';
import { InterventionRow } from './InterventionRow.tsx';
import { Lacking, type Part } from './Lacking.tsx';
import { type Entry, interventionsOf, noticesOf, queueOf } from './queue.ts';

const tabs: Tab[] = ['queue', 'maintenance', 'interventions'];
const shows = ['', 'waiting', 'incidents', 'alarms'];
const keyOfEntry = (entry: Entry) => entry.key;

function openDetail() {
  document.getElementById('detail-pane')?.focus();
}

function selectEntry(entry: Entry, how: 'arrow' | 'click') {
  const key = entry.type === 'alarm' ? entry.row.id : String(entry.row.number);
  go({ selection: { type: entry.type, key } }, how === 'arrow' ? 'replace' : 'push');
}

function Entries({ rows, label, empty }: { rows: Entry[]; label: string; empty: string }) {
  const { selection } = usePlace();
  const may = useMay();
  return (
    <EntryList
      id="queue-list"
      rowTestId="queue-row"
      label={label}
      rows={rows}
      keyOf={keyOfEntry}
      selected={selection ? `${selection.type}:${selection.key}` : null}
      onSelect={selectEntry}
      onOpen={openDetail}
      letters={{
        a: (entry) => {
          if (entry.type === 'alarm' && may('operate', 'alarms', entry.row.commune)) void acknowledge(entry.row);
        },
        m: (entry) => showOnMap(entry.row.position, entry.row.asset),
      }}
      empty={empty}
    >
      {(entry) => <EntryRow entry={entry} />}
    </EntryList>
  );
}

function Interventions({ rows, empty }: { rows: Intervention[]; empty: string }) {
  const { t } = useWords();
  const { selection } = usePlace();
  return (
    <EntryList
      id="queue-list"
      rowTestId="queue-row"
      label={t('queue.tab_interventions')}
      rows={rows}
      keyOf={(row) => row.id}
      selected={
        selection?.type === 'incident' ? (rows.find((row) => String(row.incident) === selection.key)?.id ?? null) : null
      }
      onSelect={(row, how) =>
        go({ selection: { type: 'incident', key: String(row.incident) } }, how === 'arrow' ? 'replace' : 'push')
      }
      onOpen={openDetail}
      letters={{ m: (row) => showOnMap(row.position as [number, number] | undefined, row.asset) }}
      empty={empty}
    >
      {(row) => <InterventionRow row={row} />}
    </EntryList>
  );
}

export function QueuePane() {
  const { t, said } = useWords();
  const { tab, desk, show, filter } = usePlace();
  const alarmRows = useRows(alarms);
  const incidentRows = useRows(incidents);
  const interventionRows = useRows(interventions);
  const standings: Record<Tab, Part[]> = {
    queue: [
      ['alarms', useStanding(alarms)],
      ['incidents', useStanding(incidents)],
    ],
    maintenance: [['alarms', useStanding(alarms)]],
    interventions: [['interventions', useStanding(interventions)]],
  };
  const wanted = useMemo(() => ({ desk, show, filter }), [desk, show, filter]);
  const queue = useMemo(() => queueOf(alarmRows, incidentRows, wanted), [alarmRows, incidentRows, wanted]);
  const notices = useMemo(() => noticesOf(alarmRows, wanted), [alarmRows, wanted]);
  const dispatched = useMemo(() => {
    const desksOf = new Map(incidentRows.map((row) => [row.number, row.desk as string]));
    return interventionsOf(interventionRows, (incident) => desksOf.get(incident), { desk, filter });
  }, [interventionRows, incidentRows, desk, filter]);
  useShortcuts({ '/': () => document.getElementById('queue-filter')?.focus() });
  const counts: Record<Tab, number> = {
    queue: queue.length,
    maintenance: notices.length,
    interventions: dispatched.length,
  };
  const known = (name: Tab) => standings[name].every(([, standing]) => standing === 'known');
  // Emptiness is told only when it is known; what hides it is told above the list.
  const empty = (word: string) =>
    known(tab) ? t(desk || filter || (tab === 'queue' && show) ? 'queue.nothing_fits' : word) : '';
  let body: ReactNode;
  if (tab === 'queue') body = <Entries rows={queue} label={t('queue.tab_queue')} empty={empty('queue.empty')} />;
  else if (tab === 'maintenance') {
    body = <Entries rows={notices} label={t('queue.tab_maintenance')} empty={empty('queue.no_notices')} />;
  } else body = <Interventions rows={dispatched} empty={empty('queue.no_interventions')} />;
  return (
    <>
      <div className="queue-head">
        <div className="tabs" role="tablist" aria-label={t('queue.title')}>
          {tabs.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={`tab-${name}`}
              className="tab"
              aria-selected={tab === name}
              aria-controls="queue-body"
              data-testid={`tab-${name}`}
              tabIndex={tab === name ? 0 : -1}
              onClick={() => go({ tab: name })}
              onKeyDown={(event) => {
                const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
                const next = tabs[(tabs.indexOf(name) + step + tabs.length) % tabs.length];
                if (step === 0 || !next) return;
                go({ tab: next });
                document.getElementById(`tab-${next}`)?.focus();
              }}
            >
              {t(`queue.tab_${name}`)} <span className="tab-count">{known(name) ? counts[name] : '–'}</span>
            </button>
          ))}
        </div>
      </div>
      <div className="queue-filters">
        <input
          id="queue-filter"
          className="input"
          type="search"
          value={filter}
          placeholder={t('queue.filter')}
          aria-label={t('queue.filter')}
          onChange={(event) => go({ filter: event.target.value }, 'replace')}
          onKeyDown={(event) => {
            if (event.key === 'Escape') go({ filter: '' }, 'replace');
            if (event.key === 'Escape' || event.key === 'ArrowDown' || event.key === 'Enter') {
              event.preventDefault();
              document.getElementById('queue-list')?.focus();
            }
          }}
        />
        {tab === 'queue' && (
          <select
            className="input queue-show"
            aria-label={t('queue.show')}
            value={show}
            onChange={(event) => go({ show: event.target.value })}
          >
            {shows.map((one) => (
              <option key={one} value={one}>
                {t(`queue.show_${one || 'all'}`)}
              </option>
            ))}
          </select>
        )}
        {desk && (
          <button type="button" className="button" onClick={() => go({ desk: '' })}>
            {said(desks.get(desk)?.name) || desk} ✕<span className="visually-hidden">{t('queue.all_desks')}</span>
          </button>
        )}
      </div>
      <div id="queue-body" className="queue-body" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        <Lacking parts={standings[tab]} />
        {body}
      </div>
    </>
  );
}
