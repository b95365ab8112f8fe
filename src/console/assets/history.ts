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

/** As much is read at once of one property at most. A page holds what the asset said, of this property or another. */
export const pages_max = 8;
export const page_rows = 1000;
const bucket = '15m';
const bucket_ms = 900_000;

/** One property's last day: its points, and the holes in it whatever else the asset reported meanwhile. */
export interface PropertyDay {
  series: Series;
  gaps: Gap[];
  /** Before this instant one value stands for a quarter of an hour. */
  condensed_before?: number;
  /** Before this instant nothing is shown of what was heard. */
  shown_since?: number;
}

export interface Day {
  from: string;
  to: string;
  properties: PropertyDay[];
}

export interface Asked {
  /** In place of the day's own beginning. */
  from?: number;
  bucket?: typeof bucket;
  cursor?: string | undefined;
}

type Read = (property: string, asked: Asked) => Promise<Observations>;

export interface Span {
  from: number;
  to: number;
}

export interface Wanted {
  code: string;
  type: string;
}

const pointsIn = (one: Observations, property: string) =>
  one.series.filter((series) => series.property === property).flatMap((series) => series.points as unknown[][]);

/** The points of as many pages as are read at most, the oldest first; and whether that was all. */
async function rawOf(property: string, read: Read, from?: number, first?: Observations) {
  const part = from !== undefined && { from };
  const points: unknown[][] = [];
  let one = first ?? (await read(property, { ...part }));
  for (let page = 1; ; page += 1) {
    points.push(...pointsIn(one, property));
    if (!one.next || page === pages_max) return { points, whole: !one.next };
    one = await read(property, { ...part, cursor: one.next });
  }
}

/**
 * A bucket is [start, count, min, max, mean, last]. Its mean stands in its middle, or beside the hole that is there; its
 * last value, which was said after every hole that ends in it, where it holds from.
 */
function condensedPoint(raw: readonly number[], type: string, { from, to }: Span, holes: readonly Hole[]): unknown[] {
  const [start, mean, last] = [raw[0] ?? 0, raw[4], raw[5]];
  const end = Math.min(start + bucket_ms, to);
  const ends = holes.map((hole) => hole.to).filter((at) => at > start && at < end);
  if (type === 'boolean') return [Math.max(start, from, ...ends), last !== 0];
  const middle = Math.max(from, Math.min(start + bucket_ms / 2, to));
  const hole = holeAt(holes, middle);
  if (!hole) return [middle, mean];
  return [hole.to < end || hole.from < start ? hole.to : hole.from, mean];
}

/** Where the newest begins of which so much can be read, by what each quarter of an hour holds. */
function newestOf(buckets: readonly number[][], begin: number): number {
  const all = buckets.reduce((sum, [, count = 0]) => sum + count, 0);
  if (all <= pages_max * page_rows) return begin; // it may be all that the asset said
  // A page is kept free for what comes in meanwhile.
  let room = (pages_max - 1) * page_rows;
  for (const [start = 0, count = 0] of buckets.toReversed()) {
    room -= count;
    if (room < 0) return Math.max(begin, start + bucket_ms);
  }
  return begin;
}

/**
 * The newest is there in full, always. What is older and too much is told by quarters of an hour: of numbers the mean, of
 * yes and no the last; of words, which have neither, not at all.
 */
async function longDay({ code, type }: Wanted, { from, to }: Span, read: Read, first: Observations) {
  const holes = holesOf(first.gaps);
  const words = type === 'code';
  const buckets = words ? [] : (pointsIn(await read(code, { bucket }), code) as number[][]);
  const begin = holes.find((hole) => hole.from <= from)?.to ?? from;
  let since = newestOf(buckets, begin);
  for (;;) {
    since = Math.min(since, to);
    const start = since === from ? undefined : since;
    const raw = since < to && (await rawOf(code, read, start, start === undefined ? first : undefined));
    const { points, whole } = raw || { points: [], whole: true };
    if (whole && since <= begin) return { points };
    if (whole && words) return { points, shown_since: since };
    if (whole) {
      const older = buckets.filter(([start = 0]) => start < since);
      return {
        points: [...older.map((one) => condensedPoint(one, type, { from, to }, holes)), ...points],
        condensed_before: since,
      };
    }
    since = Math.ceil((since + to) / 2);
    if (!words) since = Math.ceil(since / bucket_ms) * bucket_ms;
  }
}

/** Asked for several properties at once, the server tells only the holes that all of them share. */
export async function dayOf(wanted: Wanted, span: Span, read: Read): Promise<PropertyDay> {
  const first = await read(wanted.code, {});
  const { points, ...lacks } = first.next
    ? await longDay(wanted, span, read, first)
    : { points: pointsIn(first, wanted.code) };
  return { series: { property: wanted.code, points }, gaps: first.gaps, ...lacks };
}

function instant(raw: unknown): number {
  return typeof raw === 'number' ? raw : Date.parse(String(raw));
}

/** Points are [time, value]. */
export function pointsOf(series: Series): Point[] {
  const points: Point[] = [];
  for (const [time, value] of series.points as unknown[][]) {
    const at = instant(time);
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
