import { describe, expect, it } from 'vitest';
import type { Gap, Observations } from '../api/types.ts';
import { dayOf, holeAt, holesOf, holesTold, line, nearest, pointsOf, segments } from '../assets/history.ts';

const hole = { from: 2000, to: 5000, cause: 'gateway' as const };

describe('the last day', () => {
  it('leaves a hole where nothing was heard', () => {
    const points = [1000, 2000, 5000, 6000].map((at) => ({ at, value: at / 1000 }));
    const [x, y] = line(points, [hole]);
    expect(x).toEqual([1, 2, 2.001, 4.999, 5, 6]);
    expect(y).toEqual([1, 2, null, null, 5, 6]);
  });

  it('reads raw points and buckets, in any order, without those that say nothing', () => {
    const raw = {
      property: 'p',
      points: [
        [3000, 3],
        ['1970-01-01T00:00:01Z', 1],
        [2000, null],
      ],
    };
    expect(pointsOf(raw as never, false)).toEqual([
      { at: 1000, value: 1 },
      { at: 3000, value: 3 },
    ]);
    const bucketed = { property: 'p', points: [[1000, 4, 1, 9, 5, 6]] };
    expect(pointsOf(bucketed as never, true)).toEqual([{ at: 1000, value: 5 }]);
  });

  it('asks for each property by itself: a hole in one is not bridged because the others report', async () => {
    const holes: Record<string, Gap[]> = {
      power_w: [{ from: '1970-01-01T00:00:02Z', to: '1970-01-01T00:00:05Z', cause: 'device' }],
      lamp_on: [],
    };
    const asked: string[] = [];
    const read = async (property: string, cursor: string | undefined) => {
      asked.push(`${property} ${cursor ?? 'first'}`);
      const series = [{ property, points: [[cursor ? 9000 : 1000, 1]] }];
      const next = cursor ? undefined : 'second';
      return { asset: 'L', from: '', to: '', series, gaps: holes[property] ?? [], next } as Observations;
    };
    const power = await dayOf('power_w', read);
    const lamp = await dayOf('lamp_on', read);
    expect(asked).toEqual(['power_w first', 'power_w second', 'lamp_on first', 'lamp_on second']);
    expect(power.gaps).toEqual(holes.power_w);
    expect(lamp.gaps).toEqual([]);
    expect(line(pointsOf(power.series, false), holesOf(power.gaps))[1]).toEqual([1, null, null, 1]);
    expect(line(pointsOf(lamp.series, false), holesOf(lamp.gaps))[1]).toEqual([1, 1]);
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
