// When an alarm is to be heard: priority 1 again and again until somebody acknowledges it, priority 2 once. Pure.
import type { Alarm } from '../api/types.ts';
import type { Pulse } from '../ui/speaker.ts';

export const repeat_ms = 10_000;

/** Told apart without looking: five quick pulses on two pitches; two slower ones, lower. */
export const tones: Record<1 | 2, readonly Pulse[]> = {
  1: [0, 1, 2, 3, 4].map((step) => ({ hz: step % 2 === 0 ? 988 : 740, at_s: step * 0.16, for_s: 0.13 })),
  2: [0, 1].map((step) => ({ hz: 523, at_s: step * 0.36, for_s: 0.26 })),
};

type Row = Pick<Alarm, 'id' | 'priority' | 'raises' | 'state'>;

export function calls(row: Row): boolean {
  return row.raises === 'alarm' && row.priority <= 2 && row.state === 'unacknowledged';
}

export class Sounding {
  private heard = new Set<string>();
  private last = Number.NEGATIVE_INFINITY;

  /** What to sound now, the worst first; what is not heard now is heard at the next look. */
  due(rows: Iterable<Row>, now: number): 1 | 2 | null {
    const calling = [...rows].filter(calls);
    const ids = new Set(calling.map((row) => row.id));
    // What ceased to call, and calls again, is news.
    for (const id of this.heard) if (!ids.has(id)) this.heard.delete(id);
    for (const priority of [1, 2] as const) {
      const own = calling.filter((row) => row.priority === priority);
      const again = priority === 1 && own.length > 0 && now - this.last >= repeat_ms;
      if (!again && own.every((row) => this.heard.has(row.id))) continue;
      for (const row of own) this.heard.add(row.id);
      if (priority === 1) this.last = now;
      return priority;
    }
    return null;
  }
}
