// The same as the map, for who cannot see it or has no graphics: what lies in its frame, the worst first.
import { useMemo } from 'react';
import { go, usePlace } from '../app/place.ts';
import { useKinds } from '../assets/kinds.ts';
import { useWords } from '../i18n/index.ts';
import { EntryList } from '../operations/EntryList.tsx';
import { number } from '../ui/format.ts';
import { PriorityMark } from '../ui/PriorityMark.tsx';
import { visibleBounds } from './camera.ts';
import { points, usePoints } from './points.ts';
import { priorityOf, rankOf } from './ranks.ts';

function inFrame(): number[] {
  const bounds = visibleBounds();
  const ranks = points.states.map(rankOf);
  const buckets: number[][] = [];
  for (let at = 0; at < points.count; at += 1) {
    const lon = points.lon[at] ?? 0;
    const lat = points.lat[at] ?? 0;
    if (bounds && (lon < bounds[0] || lon > bounds[2] || lat < bounds[1] || lat > bounds[3])) continue;
    const rank = ranks[points.state[at] ?? 0] ?? 0;
    buckets[rank] ??= [];
    buckets[rank].push(at);
  }
  return buckets.flat().filter((at) => at !== undefined);
}

const keyOf = (at: number) => points.codes[at] ?? '';

export function MapList() {
  const { t, language } = useWords();
  const { kindName } = useKinds();
  const { revision, shape } = usePoints();
  const { selection } = usePlace();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the points changed
  const rows = useMemo(inFrame, [revision]);
  return (
    <div className="map-list">
      <p className="quiet small" role="status">
        {shape > 0 ? t('map.list_count', { amount: number(rows.length, language) }) : t('status.loading')}
      </p>
      <EntryList
        id="asset-list"
        label={t('map.list')}
        rows={rows}
        keyOf={keyOf}
        selected={selection?.type === 'asset' ? selection.key : null}
        onSelect={(at, how) =>
          go({ selection: { type: 'asset', key: keyOf(at) } }, how === 'arrow' ? 'replace' : 'push')
        }
        onOpen={() => document.getElementById('detail-pane')?.focus()}
        empty={t(shape > 0 ? 'map.list_empty' : 'common.loading')}
      >
        {(at) => {
          const state = points.stateOf(at);
          const priority = priorityOf(state);
          return (
            <>
              <span className="entry-mark">
                {(priority > 0 || state === 'maintenance') && <PriorityMark priority={priority} />}
              </span>
              <span className="entry-text">
                <span className="entry-name">{keyOf(at)}</span>
                <span className="entry-more">{kindName(points.kinds[points.kind[at] ?? 0] ?? '')}</span>
              </span>
              <span className="entry-end">
                <span className="entry-state">{t(`display.${state}`)}</span>
              </span>
            </>
          );
        }}
      </EntryList>
    </div>
  );
}
