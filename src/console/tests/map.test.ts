import { describe, expect, it, vi } from 'vitest';
import { Picker } from '../map/picking.ts';
import { display_order, priorityOf, rankOf, sizeOf } from '../map/ranks.ts';

vi.stubGlobal('location', { search: '', pathname: '/', origin: 'http://localhost' });
vi.stubGlobal('document', { addEventListener: () => {}, hidden: false });
vi.stubGlobal('addEventListener', () => {});
const { Points } = await import('../map/points.ts');

const states = ['normal', 'stale', 'alarm_1', 'alarm_3'];

function three() {
  const points = new Points();
  points.load({
    epoch: 'e',
    sequence: 1,
    ids: [10, 20, 30],
    codes: ['A', 'B', 'C'],
    kinds: ['light_point', 'vehicle'],
    kind: [0, 0, 1],
    lon: [5, 5.00001, 5.1],
    lat: [47, 47, 47],
    states: states as never,
    state: [0, 2, 0],
  });
  return points;
}

describe('points', () => {
  it('take states and moves by number, and tell when they do not know one', () => {
    const points = three();
    expect(
      points.apply([
        [10, 1],
        [30, 3, 5.2, 47.1],
      ]),
    ).toEqual({ states: true, places: true, strangers: false });
    expect([points.stateOf(0), points.stateOf(2)]).toEqual(['stale', 'alarm_3']);
    expect([points.lon[2], points.lat[2]]).toEqual([5.2, 47.1]);
    expect(
      points.apply([
        [10, 1],
        [30, 3, 5.2, 47.1],
      ]),
    ).toEqual({ states: false, places: false, strangers: false });
    expect(points.apply([[99, 0]]).strangers).toBe(true);
  });

  it('are counted by state and found by code', () => {
    const points = three();
    expect(points.countByState()).toEqual({ normal: 2, stale: 0, alarm_1: 1, alarm_3: 0 });
    expect(points.indexOf('C')).toBe(2);
    expect(points.indexOf('none')).toBe(-1);
  });
});

describe('picking', () => {
  const rank = (points: InstanceType<typeof Points>) => (index: number) => rankOf(points.stateOf(index));

  it('takes the worst of what is near, and nothing that is far', () => {
    const points = three();
    const picker = new Picker(points);
    picker.rebuild();
    expect(picker.pick(5, 47, 20, rank(points))).toBe(1);
    expect(picker.pick(5.05, 47, 20, rank(points))).toBe(-1);
  });

  it('finds what moved where it is now, not where it was', () => {
    const points = three();
    const picker = new Picker(points);
    picker.rebuild();
    points.apply([[30, 0, 5.2, 47.1]]);
    expect(picker.pick(5.1, 47, 20, rank(points))).toBe(-1);
    expect(picker.pick(5.2, 47.1, 20, rank(points))).toBe(2);
  });

  it('passes over kinds that are hidden', () => {
    const points = three();
    const picker = new Picker(points);
    picker.rebuild();
    expect(picker.pick(5, 47, 20, () => -1)).toBe(-1);
  });
});

describe('what is drawn', () => {
  it('puts the worst first and unknown words last', () => {
    expect(rankOf('alarm_1')).toBeLessThan(rankOf('maintenance'));
    expect(rankOf('unknown')).toBeLessThan(rankOf('normal'));
    expect(rankOf('new_word')).toBe(display_order.length);
    expect([priorityOf('alarm_3'), priorityOf('normal')]).toEqual([3, 0]);
  });

  it('grows with the zoom, and alarms are larger than what is well', () => {
    expect(sizeOf('normal', 0, 18)).toBeGreaterThan(sizeOf('normal', 0, 12));
    for (const zoom of [9, 13, 18]) expect(sizeOf('alarm_4', 0, zoom)).toBeGreaterThan(sizeOf('normal', 1, zoom));
  });
});
