import './map.css';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { Position } from '../api/types.ts';
import { go, usePlace } from '../app/place.ts';
import { useMay } from '../app/session.ts';
import { useKinds } from '../assets/kinds.ts';
import { useWords } from '../i18n/index.ts';
import { askForIncident } from '../operations/ask.ts';
import { readView } from './camera.ts';
import { Legend } from './Legend.tsx';
import { MapList } from './MapList.tsx';
import { points, pointsSummary, usePoints } from './points.ts';

const MapView = lazy(() => import('./MapView.tsx'));

/** For tests, which cannot read the pixels of a map: what it shows of one asset. */
const hook = {
  map: {
    state: (code: string) => {
      const index = points.indexOf(code);
      return index < 0 ? null : points.stateOf(index);
    },
    count: () => points.count,
    revision: () => pointsSummary().revision,
  },
};
Object.assign(window, { __console: hook });

function Kinds({ hidden, onChange }: { hidden: ReadonlySet<string>; onChange: (next: ReadonlySet<string>) => void }) {
  const { t } = useWords();
  const { kindName } = useKinds();
  usePoints();
  const present = points.kinds;
  return (
    <details className="map-menu">
      <summary className="button">{t('map.layers')}</summary>
      <fieldset className="map-sheet">
        <legend className="visually-hidden">{t('map.layers')}</legend>
        {present.map((code) => (
          <label key={code}>
            <input
              type="checkbox"
              checked={!hidden.has(code)}
              onChange={(event) => {
                const next = new Set(hidden);
                if (event.target.checked) next.delete(code);
                else next.add(code);
                onChange(next);
              }}
            />{' '}
            {kindName(code)}
          </label>
        ))}
      </fieldset>
    </details>
  );
}

export function MapPane() {
  const { t } = useWords();
  const { view } = usePlace();
  const operates = useMay()('operate', 'operations');
  const [failed, setFailed] = useState(false);
  const [placing, setPlacing] = useState(false);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    if (!placing) return;
    const leave = (event: KeyboardEvent) => {
      if (event.key === 'Escape') setPlacing(false);
    };
    addEventListener('keydown', leave);
    return () => removeEventListener('keydown', leave);
  }, [placing]);
  const list = view === 'list' || failed;
  const placed = (position: Position) => {
    setPlacing(false);
    askForIncident({ position });
  };
  const atCentre = () => {
    const centre = readView(new URLSearchParams(location.search).get('at') ?? '');
    if (centre) placed([centre.lon, centre.lat]);
  };
  return (
    <div className="map-frame">
      <div className="map-tools">
        <fieldset className="map-switch" aria-label={t('map.view')}>
          <button
            type="button"
            className="button"
            aria-pressed={!list}
            disabled={failed}
            onClick={() => go({ view: 'map' })}
          >
            {t('map.map')}
          </button>
          <button
            type="button"
            className="button"
            aria-pressed={list}
            onClick={() => go({ view: 'list' })}
            data-testid="map-as-list"
          >
            {t('map.list')}
          </button>
        </fieldset>
        {!list && <Kinds hidden={hidden} onChange={setHidden} />}
        {!list && operates && (
          <button
            type="button"
            className="button"
            aria-pressed={placing}
            onClick={() => setPlacing(!placing)}
            data-testid="place-incident"
          >
            {t('map.place_incident')}
          </button>
        )}
        {placing && (
          <button type="button" className="button button-primary" onClick={atCentre}>
            {t('map.place_centre')}
          </button>
        )}
      </div>
      {placing && <p className="map-hint">{t('map.place_hint')}</p>}
      {failed && <p className="map-hint">{t('map.no_webgl')}</p>}
      {list ? (
        <MapList />
      ) : (
        <Suspense fallback={<p className="map-waiting quiet">{t('common.loading')}</p>}>
          <MapView hidden={hidden} placing={placing} onPlaced={placed} onFailed={() => setFailed(true)} />
        </Suspense>
      )}
      {placing && !list && <span className="map-cross" aria-hidden="true" />}
      {!list && <Legend />}
    </div>
  );
}
