import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api } from '../api/client.ts';
import { explained } from '../api/problem.ts';
import type { Alarm, Kind } from '../api/types.ts';
import { go } from '../app/place.ts';
import { AssetBody } from '../assets/AssetPanel.tsx';
import { useKinds } from '../assets/kinds.ts';
import { printed, propertyName, propertyOf } from '../assets/value.ts';
import { type Language, useWords } from '../i18n/index.ts';
import { alarms, incidents, useRows } from '../live/city.ts';
import { showOnMap } from '../map/camera.ts';
import { askForIncident } from '../operations/NewIncident.tsx';
import { Age, Moment } from '../ui/Age.tsx';
import { author } from '../ui/author.ts';
import { tell } from '../ui/notices.ts';
import { PriorityMark } from '../ui/PriorityMark.tsx';
import { acknowledge, canAcknowledge } from './acknowledge.ts';

function Suppressed({ cause }: { cause: Alarm }) {
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
  if (row.incident || row.raises !== 'alarm' || open.length === 0) return null;
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

/** The value that raised it, in the words of its kind. */
function raisedBy(row: Alarm, kind: Kind | undefined, language: Language): string {
  const property = propertyOf(kind, kind?.rules.find((one) => one.code === row.rule)?.property ?? '');
  const spoken = property?.type === 'code' || property?.type === 'boolean';
  const value = spoken ? printed(row.value, property, language) : (row.value ?? '');
  return property ? `${propertyName(kind, property.code)} : ${value}` : value;
}

export function AlarmPanel({ id }: { id: string }) {
  const { t, said, language } = useWords();
  const { kindName, communeName, kind } = useKinds();
  useRows(alarms);
  const live = alarms.get(id);
  const query = useQuery({
    queryKey: ['alarm', id, live?.version],
    queryFn: () => answered(api.GET('/api/v1/alarms/{id}', { params: { path: { id } } })),
    placeholderData: (before) => before,
  });
  const row: Alarm | undefined = live ?? query.data;
  if (!row) {
    return <p className="panel quiet">{query.error ? explained(query.error) : t('common.loading')}</p>;
  }
  const notice = row.raises === 'maintenance';
  return (
    <article className="panel" data-testid="alarm-panel">
      <div className="panel-head">
        <PriorityMark priority={notice ? 0 : row.priority} size={26} />
        <div>
          <h2>{said(row.name)}</h2>
          <p className="quiet">
            {notice ? t('maintenance.notice') : t(`priority.${row.priority}`)} · {kindName(row.kind)}{' '}
            <span className="strong">{row.asset}</span>
          </p>
        </div>
      </div>
      <dl className="facts">
        <dt>{t('alarm.state')}</dt>
        <dd data-testid="alarm-state">
          {t(notice ? (row.active ? 'maintenance.open' : 'maintenance.gone') : `alarm_state.${row.state}`)}
          {row.acknowledged_by && !notice && (
            <span className="quiet">
              {' '}
              – {t('alarm.acknowledged_by', { name: author(row.acknowledged_by) })} <Moment at={row.acknowledged_at} />
            </span>
          )}
        </dd>
        <dt>{t('alarm.since')}</dt>
        <dd>
          <Age at={row.raised_at} />{' '}
          <span className="quiet">
            (<Moment at={row.raised_at} seconds />)
          </span>
          {row.learnt_late && <span className="badge">{t('alarm.learnt_late')}</span>}
          {row.occurrences > 1 && (
            <span className="quiet"> · {t('alarm.occurrences', { count: row.occurrences })}</span>
          )}
        </dd>
        <dt>{t('asset.where')}</dt>
        <dd>{[row.street, communeName(row.commune)].filter(Boolean).join(', ') || '–'}</dd>
        {row.value && (
          <>
            <dt>{t('alarm.value')}</dt>
            <dd>{raisedBy(row, kind(row.kind), language)}</dd>
          </>
        )}
        {row.suppressed_by && (
          <>
            <dt>{t('alarm.hidden_by')}</dt>
            <dd>
              <button
                type="button"
                className="link"
                onClick={() => go({ selection: { type: 'alarm', key: row.suppressed_by ?? '' } })}
              >
                {said(alarms.get(row.suppressed_by)?.name) || row.suppressed_by}
              </button>
            </dd>
          </>
        )}
      </dl>
      <section className="guidance" aria-label={t('alarm.response')}>
        <h3>{t('alarm.response')}</h3>
        <p>{said(row.response)}</p>
      </section>
      <div className="actions">
        {canAcknowledge(row) && (
          <button
            type="button"
            className="button button-primary"
            onClick={() => void acknowledge(row)}
            data-testid="acknowledge"
          >
            {t('alarm.acknowledge')} <kbd>A</kbd>
          </button>
        )}
        {row.incident ? (
          <button
            type="button"
            className="button"
            onClick={() => go({ selection: { type: 'incident', key: String(row.incident) } })}
            data-testid="to-incident"
          >
            {t('alarm.to_incident', { number: t('incident.number', { number: row.incident }) })}
          </button>
        ) : (
          <button
            type="button"
            className="button"
            onClick={() => askForIncident({ alarm: row.id })}
            data-testid="open-incident"
          >
            {t('alarm.open_incident')} <kbd>F2</kbd>
          </button>
        )}
        <Attach row={row} />
        <button type="button" className="button" onClick={() => showOnMap(row.position as [number, number], row.asset)}>
          {t('map.show')} <kbd>M</kbd>
        </button>
      </div>
      <Suppressed cause={row} />
      <AssetBody code={row.asset} without={row.id} />
      {query.data?.transitions && query.data.transitions.length > 0 && (
        <section className="panel-part">
          <h3>{t('alarm.transitions')}</h3>
          <ol className="story">
            {query.data.transitions.map((one) => (
              <li key={`${one.at}${one.to}`}>
                <Moment at={one.at} seconds />
                <span>
                  {t(`alarm_state.${one.to}`)}{' '}
                  <span className="quiet small">
                    {author(one.author)}
                    {one.cause ? ` · ${one.cause}` : ''}
                  </span>
                </span>
              </li>
            ))}
          </ol>
        </section>
      )}
    </article>
  );
}
