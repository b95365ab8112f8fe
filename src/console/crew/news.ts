// What a crew has not seen yet. Pure.
import type { Intervention } from '../api/types.ts';
import type { Pulse } from '../ui/speaker.ts';

export const dispatch_tone: readonly Pulse[] = [659, 880, 1109].map((hz, step) => ({
  hz,
  at_s: step * 0.2,
  for_s: 0.16,
}));
export const dispatch_vibration_ms = [300, 150, 300, 150, 300];

/** Interventions sent to the crew since it last looked; what was there at the first look is no news. */
export function newlySent(known: ReadonlySet<string> | null, rows: readonly Intervention[]): Intervention[] {
  return known ? rows.filter((row) => row.state === 'assigned' && !known.has(row.id)) : [];
}
