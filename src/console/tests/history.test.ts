import { describe, expect, it } from 'vitest';
import type { Gap, Observations } from '../api/types.ts';
import {
  type Asked,
  dayOf,
  holeAt,
  holesOf,
  holesTold,
  line,
  nearest,
  page_rows,
  pages_max,
  pointsOf,
  segments,
} from '../assets/history.ts';

const hole = { from: 2000, to: 5000, cause: 'gateway' as const };

describe('the last day', () => {
  it('leaves a hole where nothing was heard', () => {
    const points = [1000, 2000, 5000, 6000].map((at) => ({ at, value: at / 1000 }));
    const [x, y] = line(points, [hole]);
    expect(x).toEqual([1, 2, 2.001, 4.999, 5, 6]);
    expect(y).toEqual([1, 2, null, null, 5, 6]);
  });

  it('reads points in any order, without those that say nothing', () => {
    const raw = {
      property: 'p',
      points: [
        [3000, 3],
        ['1970-01-01T00:00:01Z', 1],
        [2000, null],
      ],
    };
    expect(pointsOf(raw as never)).toEqual([
      { at: 1000, value: 1 },
      { at: 3000, value: 3 },
    ]);
  });

  it('asks for each property by itself: a hole in one is not bridged because the others report', async () => {
    const holes: Record<string, Gap[]> = {
      power_w: [{ from: '1970-01-01T00:00:02Z', to: '1970-01-01T00:00:05Z', cause: 'device' }],
      lamp_on: [],
    };
    const asked: string[] = [];
    const read = async (property: string, { cursor }: Asked) => {
      asked.push(`${property} ${cursor ?? 'first'}`);
      const series = [{ property, points: [[cursor ? 9000 : 1000, 1]] }];
      const next = cursor ? undefined : 'second';
      return { asset: 'L', from: '', to: '', series, gaps: holes[property] ?? [], next } as Observations;
    };
    const power = await dayOf({ code: 'power_w', type: 'code' }, { from: 0, to: 10_000 }, read);
    const lamp = await dayOf({ code: 'lamp_on', type: 'code' }, { from: 0, to: 10_000 }, read);
    expect(asked).toEqual(['power_w first', 'power_w second', 'lamp_on first', 'lamp_on second']);
    expect(power.gaps).toEqual(holes.power_w);
    expect(lamp.gaps).toEqual([]);
    expect(line(pointsOf(power.series), holesOf(power.gaps))[1]).toEqual([1, null, null, 1]);
    expect(line(pointsOf(lamp.series), holesOf(lamp.gaps))[1]).toEqual([1, 1]);
  });

  it('tells a hole that all share once, and names what has one of its own', () => {
    const own = { from: 6000, to: 7000, cause: 'device' as const };
    const all = [
      { label: 'power', holes: [hole, own] },
      { label: 'lamp', holes: [hole] },
    ];
    expect(holesTold(all)).toEqual([
      { hole, labels: ['power', 'lamp'] },
      { hole: own, labels: ['power'] },
    ]);
  });

  it('ends a state at a hole, and joins what goes on', () => {
    const points = [
      { at: 0, value: 'plan' },
      { at: 1000, value: 'plan' },
      { at: 1500, value: 'plan' },
      { at: 5000, value: 'flashing_amber' },
    ];
    expect(segments(points, [hole], 8000)).toEqual([
      { from: 0, to: 2000, value: 'plan' },
      { from: 5000, to: 8000, value: 'flashing_amber' },
    ]);
  });

  it('finds the hole or the value under the cursor', () => {
    expect(holeAt([hole], 3000)).toBe(hole);
    expect(holeAt([hole], 6000)).toBeUndefined();
    const points = [
      { at: 0, value: 1 },
      { at: 10, value: 2 },
    ];
    expect(nearest(points, 7)?.value).toBe(2);
    expect(nearest([], 7)).toBeUndefined();
  });
});

describe('a day that said more than is read', () => {
  const day_ms = 24 * 3600 * 1000;
  const to = 20_000 * day_ms + 1_234_567; // in the middle of a quarter of an hour
  const span = { from: to - day_ms, to };
  const quarter_ms = 900_000;

  /** Answers as docs/openapi.yaml says, of what was observed every so often, in pages of 1,000 with the oldest first. */
  function server(
    every_ms: number,
    value: (at: number) => number | boolean | string | undefined,
    gaps: Gap[] = [],
    begin = to - day_ms,
  ) {
    const times: number[] = [];
    for (let at = begin; at < to; at += every_ms) {
      if (!gaps.some(({ from, to: end }) => at > Date.parse(from) && at < Date.parse(end))) times.push(at);
    }
    const asked: Asked[] = [];
    const raw = (wanted: Asked) => {
      const first = Number(wanted.cursor ?? wanted.from ?? 0);
      const found = times.filter((at) => at >= first);
      const next = found.length > page_rows ? String(found[page_rows]) : undefined;
      const points = found.slice(0, page_rows).map((at) => [at, value(at)]);
      return { points: points.filter(([, one]) => one !== undefined), next };
    };
    const buckets = () => {
      const all = new Map<number, number[]>();
      for (const at of times.filter((one) => value(one) !== undefined)) {
        const start = at - (at % quarter_ms);
        const values = all.get(start) ?? [];
        values.push(Number(value(at)));
        all.set(start, values);
      }
      const points = [...all].map(([start, values]) => {
        const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
        return [start, values.length, Math.min(...values), Math.max(...values), mean, values.at(-1)];
      });
      return { points, next: undefined };
    };
    const read = async (property: string, wanted: Asked) => {
      asked.push(wanted);
      const { points, next } = wanted.bucket ? buckets() : raw(wanted);
      return { asset: 'L', from: '', to: '', series: [{ property, points }], gaps, next } as Observations;
    };
    return { times, asked, read };
  }

  it('is read as it is, the whole of it, as long as it fits', async () => {
    const { times, asked, read } = server(day_ms / (pages_max * page_rows), () => 'plan');
    expect(times.length).toBe(pages_max * page_rows);
    const day = await dayOf({ code: 'mode', type: 'code' }, span, read);
    expect(pointsOf(day.series).map(({ at }) => at)).toEqual(times);
    expect(asked.length).toBe(pages_max);
    expect([day.condensed_before, day.shown_since]).toEqual([undefined, undefined]);
  });

  it('keeps its newest hours in full, and says from when on; what is older is the mean of a quarter of an hour', async () => {
    const { times, asked, read } = server(2_000, (at) => (at % 4_000 < 2_000 ? 0 : 10));
    const day = await dayOf({ code: 'power_w', type: 'number' }, span, read);
    const before = day.condensed_before ?? 0;
    expect(before % quarter_ms).toBe(0);
    const points = pointsOf(day.series);
    const newest = points.filter(({ at }) => at >= before);
    expect(newest.map(({ at }) => at)).toEqual(times.filter((at) => at >= before));
    expect(newest.at(-1)?.at).toBe(times.at(-1));
    expect(to - before).toBeGreaterThan(3 * 3_600_000);
    const older = points.filter(({ at }) => at < before);
    expect(older.length).toBe(Math.ceil((before - (to - day_ms)) / quarter_ms));
    for (const point of older) expect(point.value).toBeCloseTo(5, 0);
    expect(asked.length).toBeLessThanOrEqual(pages_max + 2);
  });

  it('keeps yes and no what they are, and puts nothing into a hole', async () => {
    // Silent from the middle of one quarter of an hour into the next, and again over the middle of another.
    const start = to - (to % quarter_ms) - 80 * quarter_ms;
    const iso = (at: number) => new Date(at).toISOString();
    const gaps: Gap[] = [
      { from: iso(start + 300_000), to: iso(start + 1_000_000), cause: 'device' },
      { from: iso(start + 3 * quarter_ms + 400_000), to: iso(start + 3 * quarter_ms + 500_000), cause: 'gateway' },
      { from: iso(start + 6 * quarter_ms - 100_000), to: iso(start + 6 * quarter_ms + 600_000), cause: 'platform' },
    ];
    const { read } = server(2_000, () => true, gaps);
    const day = await dayOf({ code: 'lamp_on', type: 'boolean' }, span, read);
    const holes = holesOf(day.gaps);
    const points = pointsOf(day.series);
    expect(new Set(points.map(({ value }) => value))).toEqual(new Set([true]));
    expect(points.filter(({ at }) => holeAt(holes, at))).toEqual([]);
    expect(points.length).toBeGreaterThan(80);
    const stretches = segments(points, holes, to);
    expect(stretches[0]?.to).toBe(start + 300_000);
    for (const hole of holes)
      expect(
        stretches.some(({ from }) => from === hole.to),
        'known again after each hole',
      ).toBe(true);
  });

  it('is one value when the last quarter of an hour alone is too much', async () => {
    const { asked, read } = server(10, () => 5, [], to - 200_000);
    const day = await dayOf({ code: 'power_w', type: 'number' }, span, read);
    expect(day.condensed_before).toBe(to);
    expect(asked.length).toBe(2);
    expect(pointsOf(day.series).at(-1)?.at).toBeLessThanOrEqual(to);
  });

  it('has no mean of words: it is shown since when all of them can be read, and that is said', async () => {
    const { times, read } = server(2_000, (at) => (at > to - 60_000 ? 'flashing_amber' : 'plan'));
    const day = await dayOf({ code: 'mode', type: 'code' }, span, read);
    const since = day.shown_since ?? 0;
    const shown = pointsOf(day.series);
    expect(shown.map(({ at }) => at)).toEqual(times.filter((at) => at >= since));
    expect(shown.at(-1)?.value).toBe('flashing_amber');
    expect(to - since).toBeGreaterThan(2 * 3_600_000);
    expect(day.condensed_before).toBeUndefined();
  });

  it('is whole of what is seldom said by an asset that says other things all the time', async () => {
    const hourly = (at: number) => ((at - span.from) % 3_600_000 === 0 ? 7 : undefined);
    const { times, read } = server(2_000, hourly);
    const day = await dayOf({ code: 'burning_hours_h', type: 'number' }, span, read);
    const hours = times.filter((at) => hourly(at) === 7);
    const points = pointsOf(day.series);
    const before = day.condensed_before ?? 0;
    expect(points.length).toBe(hours.length);
    expect(points.filter(({ at }) => at >= before).map(({ at }) => at)).toEqual(hours.filter((at) => at >= before));
    expect(to - before).toBeGreaterThan(2 * 3_600_000);
  });

  it('keeps a word that was said once in the newest hours, whatever was said before and of other things', async () => {
    const said = [to - 6 * 3_600_000, to - 3_600_000];
    const { read } = server(2_000, (at) => (said.includes(at) ? 'lamp' : undefined));
    const day = await dayOf({ code: 'fault', type: 'code' }, span, read);
    expect(pointsOf(day.series)).toEqual([{ at: said[1], value: 'lamp' }]);
    expect(day.shown_since).toBe(to - 3 * 3_600_000);
  });

  it('is not read where the server says that nothing was heard', async () => {
    const iso = (at: number) => new Date(at).toISOString();
    const silent = server(2_000, () => undefined);
    const gap: Gap = { from: iso(span.from), to: iso(to), cause: 'device' };
    const read = async (property: string, wanted: Asked) => ({ ...(await silent.read(property, wanted)), gaps: [gap] });
    const day = await dayOf({ code: 'fault', type: 'code' }, span, read);
    expect(day).toEqual({ series: { property: 'fault', points: [] }, gaps: [gap] });
    expect(silent.asked.length).toBe(1);
    // Back since a minute: all that it said is there, and nothing is called left out.
    const back = to - 60_000;
    const speaks = server(2_000, (at) => (at >= back ? 'none' : undefined));
    const late: Gap = { ...gap, to: iso(back) };
    const shown = await dayOf({ code: 'fault', type: 'code' }, span, async (property, wanted) => ({
      ...(await speaks.read(property, wanted)),
      gaps: [late],
    }));
    expect(pointsOf(shown.series).map(({ at }) => at)).toEqual(speaks.times.filter((at) => at >= back));
    expect(shown.shown_since).toBeUndefined();
  });
});
