import { useQuery } from '@tanstack/react-query';
import { answered, api } from '../api/client.ts';
import { explained } from '../api/problem.ts';
import type { Alarm, Kind } from '../api/types.ts';
import { useMay } from '../app/session.ts';
import { AssetBody } from '../assets/AssetPanel.tsx';
import { useKinds } from '../assets/kinds.ts';
import { printed, propertyName, propertyOf } from '../assets/value.ts';
import { type Language, useWords, t as words } from '../i18n/index.ts';
import { alarms, useRows } from '../live/city.ts';
import { showOnMap } from '../map/camera.ts';
import { Age, Moment } from '../ui/Age.tsx';
import { author } from '../ui/author.ts';
import { PriorityMark } from '../ui/PriorityMark.tsx';
import { AlarmLink } from './AlarmLink.tsx';
import { Suppressed, WithIncident } from './AlarmParts.tsx';
import { acknowledge, canAcknowledge } from './acknowledge.ts';
import { isAlarmId } from './causes.ts';

/** The value that raised it, in the words of its kind. */
function raisedBy(row: Alarm, kind: Kind | undefined, language: Language): string {
  const property = propertyOf(kind, kind?.rules.find((one) => one.code === row.rule)?.property ?? '');
  const spoken = property?.type === 'code' || property?.type === 'boolean';
  const value = spoken ? printed(row.value, property, language) : (row.value ?? '');
  return property ? words('common.said', { what: propertyName(kind, property.code), says: value }) : value;
}

/** What moved it, for a person: another alarm by its name, or a word of the record in words. */
function Cause({ cause }: { cause: string }) {
  const { t } = useWords();
  return (
    <>
      {' · '}
      {isAlarmId(cause) ? (
        <>
          {t('alarm_cause.alarm')} <AlarmLink id={cause} />
        </>
      ) : (
        t(`alarm_cause.${cause}`, { defaultValue: t('alarm_cause.other') })
      )}
    </>
  );
}

export function AlarmPanel({ id }: { id: string }) {
  const { t, said, language } = useWords();
  const { kindName, communeName, kind } = useKinds();
  const may = useMay();
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
              <AlarmLink id={row.suppressed_by} />
            </dd>
          </>
        )}
      </dl>
      <section className="guidance" aria-label={t('alarm.response')}>
        <h3>{t('alarm.response')}</h3>
        <p>{said(row.response)}</p>
      </section>
      <div className="actions">
        {canAcknowledge(row) && may('operate', 'alarms', row.commune) && (
          <button
            type="button"
            className="button button-primary"
            onClick={() => void acknowledge(row)}
            data-testid="acknowledge"
          >
            {t('alarm.acknowledge')} <kbd>A</kbd>
          </button>
        )}
        <WithIncident row={row} />
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
                    {one.cause && <Cause cause={one.cause} />}
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
