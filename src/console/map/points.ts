// Every asset in service as parallel arrays: 36,000 of them must neither be objects nor components.
import { useSyncExternalStore } from 'react';
import { answered, api } from '../api/client.ts';
import type { MapPoints } from '../api/types.ts';
import { painter, stream } from '../live/city.ts';
import type { Place, StreamClient } from '../live/stream.ts';

export interface Summary {
  count: number;
  byState: Record<string, number>;
  /** Grows with every painted change. */
  revision: number;
  /** Grows when points come, go or are read anew. */
  shape: number;
}

export interface Changed {
  states: boolean;
  places: boolean;
  /** Something we do not know of: read everything anew. */
  strangers: boolean;
}

export class Points {
  ids: number[] = [];
  codes: string[] = [];
  kinds: string[] = [];
  kind: number[] = [];
  states: string[] = [];
  lon = new Float64Array(0);
  lat = new Float64Array(0);
  state = new Uint8Array(0);
  /** Indices of what has moved since it was read. */
  readonly moved = new Set<number>();
  private byId = new Map<number, number>();
  private byCode = new Map<string, number>();

  get count(): number {
    return this.ids.length;
  }

  load(read: MapPoints) {
    this.ids = read.ids;
    this.codes = read.codes;
    this.kinds = read.kinds;
    this.kind = read.kind;
    this.states = read.states;
    this.lon = Float64Array.from(read.lon);
    this.lat = Float64Array.from(read.lat);
    this.state = Uint8Array.from(read.state);
    this.moved.clear();
    this.byId = new Map(read.ids.map((id, index) => [id, index]));
    this.byCode = new Map(read.codes.map((code, index) => [code, index]));
  }

  /** Takes rows of the topic `map`, and says what they changed. */
  apply(rows: readonly unknown[]): Changed {
    const changed: Changed = { states: false, places: false, strangers: false };
    for (const row of rows as number[][]) {
      const index = this.byId.get(row[0] ?? -1);
      if (index === undefined) {
        changed.strangers = true;
        continue;
      }
      const state = row[1] ?? 0;
      if (this.state[index] !== state) changed.states = true;
      this.state[index] = state;
      if (row.length < 4 || (this.lon[index] === row[2] && this.lat[index] === row[3])) continue;
      this.lon[index] = row[2] ?? 0;
      this.lat[index] = row[3] ?? 0;
      this.moved.add(index);
      changed.places = true;
    }
    return changed;
  }

  indexOf(code: string): number {
    return this.byCode.get(code) ?? -1;
  }

  stateOf(index: number): string {
    return this.states[this.state[index] ?? 0] ?? 'unknown';
  }

  countByState(): Record<string, number> {
    const counts = new Array<number>(256).fill(0);
    for (const one of this.state) counts[one] = (counts[one] ?? 0) + 1;
    return Object.fromEntries(this.states.map((name, index) => [name, counts[index] ?? 0]));
  }
}

export const points = new Points();
let summary: Summary = { count: 0, byState: {}, revision: 0, shape: 0 };
const listeners = new Set<() => void>();

function publish(shape: number) {
  summary = {
    count: points.count,
    byState: points.countByState(),
    revision: summary.revision + 1,
    shape: summary.shape + shape,
  };
  for (const listener of listeners) listener();
}

const repaint = () => publish(0);

async function read(): Promise<Place> {
  const all = await answered(api.GET('/api/v1/map/points'));
  points.load(all);
  publish(1);
  return { epoch: all.epoch, sequence: all.sequence };
}

const new_assets_wait_ms = 5000;
/** A state is shown at once; that a vehicle went on may wait. In software each drawing of the map costs a tenth of a second. */
const moves_wait_ms = 2000;

/** Reads the points and follows them; answers what ends it. */
export function followPoints(client: StreamClient = stream): () => void {
  let reading = false;
  let moving = false;
  return client.subscribe({
    topic: 'map',
    reload: read,
    snapshot: () => {},
    delta: (rows) => {
      const changed = points.apply(rows);
      if (changed.strangers && !reading) {
        reading = true;
        setTimeout(
          () =>
            void read().finally(() => {
              reading = false;
            }),
          new_assets_wait_ms,
        );
      }
      if (changed.states) painter.touch(repaint);
      else if (changed.places && !moving) {
        moving = true;
        setTimeout(() => {
          moving = false;
          painter.touch(repaint);
        }, moves_wait_ms);
      }
    },
  });
}

export function watchPoints(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const pointsSummary = (): Summary => summary;

export function usePoints(): Summary {
  return useSyncExternalStore(watchPoints, pointsSummary);
}
