import { describe, expect, it } from 'vitest';
import { calls, repeat_ms, Sounding, tones } from '../alarms/sounding.ts';
import type { Alarm } from '../api/types.ts';

const alarm = (
  id: string,
  priority: number,
  state: Alarm['state'] = 'unacknowledged',
  raises: Alarm['raises'] = 'alarm',
) => ({
  id,
  priority,
  state,
  raises,
});

describe('what is heard', () => {
  it('is priority 1 again and again until it is acknowledged', () => {
    const sounding = new Sounding();
    const rows = [alarm('a', 1)];
    expect(
      [0, 1000, repeat_ms - 1, repeat_ms, repeat_ms + 1000, 2 * repeat_ms].map((at) => sounding.due(rows, at)),
    ).toEqual([1, null, null, 1, null, 1]);
    expect(sounding.due([alarm('a', 1, 'acknowledged')], 3 * repeat_ms)).toBeNull();
  });

  it('is priority 2 once, and again when it calls again', () => {
    const sounding = new Sounding();
    expect(sounding.due([alarm('b', 2)], 0)).toBe(2);
    expect(sounding.due([alarm('b', 2)], 10 * repeat_ms)).toBeNull();
    expect(sounding.due([alarm('b', 2, 'acknowledged')], 11 * repeat_ms)).toBeNull();
    expect(sounding.due([alarm('b', 2)], 12 * repeat_ms)).toBe(2);
  });

  it('is the worst first, a second critical one at once, and what waited at the next look', () => {
    const sounding = new Sounding();
    expect([0, 1000, 2000].map((at) => sounding.due([alarm('b', 2), alarm('a', 1)], at))).toEqual([1, 2, null]);
    expect(sounding.due([alarm('b', 2), alarm('a', 1), alarm('c', 1)], 3000)).toBe(1);
  });

  it('is nothing else: not lower priorities, notices, what is hidden, returned or acknowledged', () => {
    expect(calls(alarm('a', 3))).toBe(false);
    expect(calls(alarm('a', 1, 'unacknowledged', 'maintenance'))).toBe(false);
    for (const state of ['suppressed', 'returned', 'acknowledged', 'normal'] as const) {
      expect(calls(alarm('a', 1, state))).toBe(false);
    }
  });

  it('tells the priorities apart by pitch and number, and is short', () => {
    expect(tones[1].length).not.toBe(tones[2].length);
    expect(tones[1].some(({ hz }) => tones[2].some((other) => other.hz === hz))).toBe(false);
    for (const tone of [tones[1], tones[2]])
      expect(Math.max(...tone.map(({ at_s, for_s }) => at_s + for_s))).toBeLessThan(1);
  });
});
