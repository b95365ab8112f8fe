// What the last day looked like, ready to be drawn: holes stay holes. Pure.
import type { Gap, Observations, Series } from '../api/types.ts';

export interface Point {
  at: number;
  value: number | string | boolean;
}

export interface Hole {
  from: number;
  to: number;
  cause: Gap['cause'];
}

export interface Segment {
  from: number;
  to: number;
  value: string;
}

const pages_max = 8;

/** One property's last day: its points, and the holes in it whatever else the asset reported meanwhile. */
export interface PropertyDay {
  series: Series;
  gaps: Gap[];
}

export interface Day {
  from: string;
  to: string;
  properties: PropertyDay[];
}

type Read = (property: string, cursor: string | undefined) => Promise<Observations>;

/** Asked for several properties at once, the server tells only the holes that all of them share. */
export async function dayOf(property: string, read: Read): Promise<PropertyDay> {
  const day: PropertyDay = { series: { property, points: [] }, gaps: [] };
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < pages_max; page += 1) {
    const one = await read(property, cursor);
    for (const series of one.series) {
      if (series.property === property) day.series.points.push(...series.points);
    }
    for (const gap of one.gaps) {
      if (!seen.has(gap.from)) day.gaps.push(gap);
      seen.add(gap.from);
    }
    cursor = one.next;
    if (!cursor) break;
  }
  return day;
}

function instant(raw: unknown): number {
  return typeof raw === 'number' ? raw : Date.parse(String(raw));
}

/** Raw points are [time, value]; bucketed ones [start, count, min, max, mean, last], of which the mean is shown. */
export function pointsOf(series: Series, bucketed: boolean): Point[] {
  const points: Point[] = [];
  for (const raw of series.points as unknown[][]) {
    const value = bucketed ? raw[4] : raw[1];
    const at = instant(raw[0]);
    if (Number.isNaN(at) || value === null || value === undefined) continue;
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean')
      points.push({ at, value });
  }
  return points.sort((a, b) => a.at - b.at);
}

export function holesOf(gaps: readonly Gap[]): Hole[] {
  return gaps.map(({ from, to, cause }) => ({ from: Date.parse(from), to: Date.parse(to), cause }));
}

/** Each hole once, with the names of what has it: most often everything, as when the asset was silent. */
export function holesTold(
  all: readonly { label: string; holes: readonly Hole[] }[],
): { hole: Hole; labels: string[] }[] {
  const told = new Map<string, { hole: Hole; labels: string[] }>();
  for (const { label, holes } of all) {
    for (const hole of holes) {
      const key = `${hole.from} ${hole.to} ${hole.cause}`;
      const one = told.get(key);
      if (one) one.labels.push(label);
      else told.set(key, { hole, labels: [label] });
    }
  }
  return [...told.values()];
}

/** Columns for a line: seconds and values, with an empty value inside every hole so that no line bridges it. */
export function line(points: readonly Point[], holes: readonly Hole[]): [number[], (number | null)[]] {
  const marks: { at: number; value: number | null }[] = points.map(({ at, value }) => ({ at, value: Number(value) }));
  for (const hole of holes) {
    marks.push({ at: hole.from + 1, value: null });
    marks.push({ at: hole.to - 1, value: null });
  }
  marks.sort((a, b) => a.at - b.at);
  return [marks.map(({ at }) => at / 1000), marks.map(({ value }) => value)];
}

/** Stretches of one state. A stretch ends where the next begins, at a hole, or now. */
export function segments(points: readonly Point[], holes: readonly Hole[], to: number): Segment[] {
  const done: Segment[] = [];
  points.forEach((point, index) => {
    const hole = holes.find(({ from, to: end }) => end > point.at && from >= point.at);
    const next = points[index + 1]?.at ?? to;
    const end = Math.min(next, hole ? hole.from : to, to);
    const value = String(point.value);
    const before = done.at(-1);
    if (before && before.value === value && before.to === point.at) before.to = Math.max(before.to, end);
    else done.push({ from: point.at, to: Math.max(end, point.at), value });
  });
  return done;
}

export function holeAt(holes: readonly Hole[], at: number): Hole | undefined {
  return holes.find(({ from, to }) => at > from && at < to);
}

export function nearest(points: readonly Point[], at: number): Point | undefined {
  let best: Point | undefined;
  for (const point of points) {
    if (!best || Math.abs(point.at - at) < Math.abs(best.at - at)) best = point;
  }
  return best;
}
