// Incidents, crews and what is chosen, laid over the points.

import type { GeoJSONSource, Map as GlMap } from 'maplibre-gl';
import { useEffect } from 'react';
import type { Selection } from '../app/place.ts';
import { t } from '../i18n/index.ts';
import { alarms, crews, incidents, useRows } from '../live/city.ts';
import { clock } from '../live/clock.ts';
import { points } from './points.ts';

type Place = readonly number[] | undefined;

/** A crew whose place is older than this is shown faintly. */
export const crew_position_old_ms = 10 * 60_000;

function feature(position: Place, properties: Record<string, unknown>) {
  return { type: 'Feature', geometry: { type: 'Point', coordinates: position }, properties };
}

function lay(map: GlMap, source: string, features: unknown[]) {
  const target = map.getSource(source) as GeoJSONSource | undefined;
  target?.setData({ type: 'FeatureCollection', features } as never);
}

function ofAsset(code: string | undefined): Place {
  const index = code === undefined ? -1 : points.indexOf(code);
  return index < 0 ? undefined : [points.lon[index] ?? 0, points.lat[index] ?? 0];
}

export function placeOf(selection: Selection | null): Place {
  if (selection?.type === 'asset') return ofAsset(selection.key);
  if (selection?.type === 'alarm') {
    const row = alarms.get(selection.key);
    return row?.position ?? ofAsset(row?.asset);
  }
  if (selection?.type === 'incident') {
    const row = incidents.get(selection.key);
    return row?.position ?? ofAsset(row?.asset);
  }
  return undefined;
}

export function useOverlays(map: GlMap | null, selection: Selection | null) {
  const incidentRows = useRows(incidents);
  const crewRows = useRows(crews);
  useEffect(() => {
    if (!map) return;
    const placed = incidentRows.filter((row) => row.position ?? ofAsset(row.asset));
    lay(
      map,
      'incidents',
      placed.map((row) =>
        feature(row.position ?? ofAsset(row.asset), {
          number: row.number,
          priority: row.priority,
          label: t('incident.number', { number: row.number }),
        }),
      ),
    );
  }, [map, incidentRows]);
  useEffect(() => {
    if (!map) return;
    const placed = crewRows.filter((row) => row.position);
    lay(
      map,
      'crews',
      placed.map((row) => {
        const old = row.position_at ? clock.now() - Date.parse(row.position_at) > crew_position_old_ms : true;
        return feature(row.position, { label: ` ${row.code} `, old });
      }),
    );
  }, [map, crewRows]);
  useEffect(() => {
    if (!map) return;
    const position = placeOf(selection);
    lay(map, 'chosen', position ? [feature(position, {})] : []);
  }, [map, selection]);
}
