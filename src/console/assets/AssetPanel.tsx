import './assets.css';
import { lazy, Suspense } from 'react';
import { explained } from '../api/problem.ts';
import type { Kind, LiveAsset } from '../api/types.ts';
import { go } from '../app/place.ts';
import { useMay } from '../app/session.ts';
import { useWords } from '../i18n/index.ts';
import { alarms, useRows } from '../live/city.ts';
import { showOnMap } from '../map/camera.ts';
import { askForIncident } from '../operations/ask.ts';
import { Age } from '../ui/Age.tsx';
import { PriorityMark } from '../ui/PriorityMark.tsx';
import { Because } from './Because.tsx';
import { useKinds } from './kinds.ts';
import { useAsset } from './useAsset.ts';
import { printed, propertyName, propertyOf } from './value.ts';

// Charts come when the first asset is looked at: the queue must not wait for them.
const History = lazy(() => import('./History.tsx'));

function Freshness({ live }: { live: LiveAsset | undefined }) {
  const { t } = useWords();
  const freshness = live?.freshness ?? 'unknown';
  return (
    <p className={`freshness freshness-${freshness}`} data-testid="freshness" data-freshness={freshness}>
      <span className="strong">{t(`freshness.${freshness}`)}</span>{' '}
      {live?.observed_at ? (
        <>
          – {t('asset.last_seen')} <Age at={live.observed_at} />
        </>
      ) : (
        <>– {t('asset.never_seen')}</>
      )}
    </p>
  );
}

function Values({ live, kind }: { live: LiveAsset | undefined; kind: Kind | undefined }) {
  const { t, language } = useWords();
  const values = live?.values ?? [];
  const silent = (kind?.properties ?? []).filter((one) => !values.some((value) => value.property === one.code));
  return (
    <table className={live?.freshness === 'fresh' ? 'values' : 'values values-old'} data-testid="values">
      <thead>
        <tr>
          <th scope="col">{t('asset.property')}</th>
          <th scope="col" className="number">
            {t('asset.value')}
          </th>
          <th scope="col" className="number">
            {t('asset.age')}
          </th>
        </tr>
      </thead>
      <tbody>
        {values.map((value) => (
          <tr key={value.property}>
            <th scope="row">{propertyName(kind, value.property)}</th>
            <td className="number strong">{printed(value.value, propertyOf(kind, value.property), language)}</td>
            <td className="number quiet">
              <Age at={value.observed_at} />
            </td>
          </tr>
        ))}
        {silent.map((property) => (
          <tr key={property.code}>
            <th scope="row">{propertyName(kind, property.code)}</th>
            <td className="number quiet">{t('asset.no_value')}</td>
            <td className="number quiet">–</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Values, alarms and the last day: what every panel that is about an asset shows. */
export function AssetBody({ code, without }: { code: string; without?: string }) {
  const { t, said } = useWords();
  const { kind: kindOf } = useKinds();
  const { asset, live } = useAsset(code);
  const rows = useRows(alarms).filter((row) => row.asset === code && row.id !== without);
  const kind = kindOf(asset?.kind);
  return (
    <>
      <section className="panel-part">
        <h3>
          {t('asset.values')}{' '}
          {without && (
            <button type="button" className="link" onClick={() => go({ selection: { type: 'asset', key: code } })}>
              {code}
            </button>
          )}
        </h3>
        <Freshness live={live} />
        <Because code={code} unpowered={live?.freshness === 'unpowered'} />
        <Values live={live} kind={kind} />
      </section>
      {rows.length > 0 && (
        <section className="panel-part">
          <h3>{t('asset.alarms')}</h3>
          <ul className="plain-list">
            {rows.map((row) => (
              <li key={row.id} className="line">
                <PriorityMark priority={row.raises === 'maintenance' ? 0 : row.priority} size={16} />
                <button
                  type="button"
                  className="link"
                  onClick={() => go({ selection: { type: 'alarm', key: row.id } })}
                >
                  {said(row.name)}
                </button>
                <span className="quiet">
                  {row.raises === 'maintenance' ? t('maintenance.notice') : t(`alarm_state.${row.state}`)} ·{' '}
                  <Age at={row.raised_at} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <Suspense>
        <History code={code} kind={kind} />
      </Suspense>
    </>
  );
}

export function AssetPanel({ code }: { code: string }) {
  const { t, language } = useWords();
  const { kindName, communeName, kind: kindOf } = useKinds();
  const { asset, error } = useAsset(code);
  const may = useMay();
  if (!asset) return <p className="panel quiet">{error ? explained(error) : t('common.loading')}</p>;
  const parents = [
    ['power', asset.power_parent],
    ['communication', asset.communication_parent],
  ] as const;
  const kind = kindOf(asset.kind);
  return (
    <article className="panel" data-testid="asset-panel">
      <div className="panel-head">
        <div>
          <h2>{asset.code}</h2>
          <p className="quiet">
            {kindName(asset.kind)} · {t(`life_stage.${asset.life_stage}`)}
          </p>
        </div>
      </div>
      <dl className="facts">
        <dt>{t('asset.where')}</dt>
        <dd>{[asset.street, communeName(asset.commune)].filter(Boolean).join(', ') || '–'}</dd>
        {parents.map(
          ([graph, parent]) =>
            parent && (
              <div className="facts-row" key={graph}>
                <dt>{t(`asset.${graph}_parent`)}</dt>
                <dd>
                  <button
                    type="button"
                    className="link"
                    onClick={() => go({ selection: { type: 'asset', key: parent } })}
                  >
                    {parent}
                  </button>
                </dd>
              </div>
            ),
        )}
        {Object.entries(asset.attributes ?? {}).map(([name, value]) => {
          const attribute = kind?.attributes.find((one) => one.code === name);
          return (
            <div className="facts-row" key={name}>
              <dt>{(attribute && (language === 'fr' ? attribute.name.fr : attribute.name.en)) || name}</dt>
              <dd>{printed(value, attribute, language)}</dd>
            </div>
          );
        })}
      </dl>
      <div className="actions">
        {may('operate', 'operations', asset.commune) && (
          <button
            type="button"
            className="button"
            onClick={() => askForIncident({ asset: asset.code, position: asset.position as [number, number] })}
          >
            {t('incident.new')} <kbd>F2</kbd>
          </button>
        )}
        <button
          type="button"
          className="button"
          onClick={() => showOnMap(asset.position as [number, number] | undefined, asset.code)}
        >
          {t('map.show')}
        </button>
      </div>
      <AssetBody code={code} />
    </article>
  );
}
