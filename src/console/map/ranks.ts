// How display states are drawn and what comes first: worst first.
export const display_order = [
  'alarm_1',
  'alarm_2',
  'alarm_3',
  'alarm_4',
  'maintenance',
  'unknown',
  'stale',
  'unpowered',
  'normal',
  'silent_kind',
  'not_in_service',
] as const;

export type Display = (typeof display_order)[number];

export function rankOf(state: string): number {
  const rank = display_order.indexOf(state as Display);
  return rank < 0 ? display_order.length : rank;
}

export function priorityOf(state: string): number {
  return state.startsWith('alarm_') ? Number(state.slice(6)) : 0;
}

const steps: [zoom: number, quiet: number, wrong: number][] = [
  [9, 1.4, 13],
  [11, 1.8, 15],
  [13, 2.8, 18],
  [15, 5, 22],
  [17, 9, 27],
  [19, 13, 32],
];

function at(zoom: number, column: 1 | 2): number {
  const first = steps[0]!;
  const last = steps.at(-1)!;
  if (zoom <= first[0]) return first[column];
  if (zoom >= last[0]) return last[column];
  const next = steps.findIndex((step) => step[0] > zoom);
  const low = steps[next - 1]!;
  const high = steps[next]!;
  const part = (zoom - low[0]) / (high[0] - low[0]);
  return low[column] + part * (high[column] - low[column]);
}

/** Diameter in pixels. `group`: 0 one of very many, 1 one of few, 2 moves. */
export function sizeOf(state: string, group: number, zoom: number): number {
  const priority = priorityOf(state);
  if (priority > 0) return at(zoom, 2) + (priority === 1 ? 4 : 0);
  const quiet = at(zoom, 1) * (group === 0 ? 1 : 1.7);
  if (state === 'maintenance') return zoom < 13.5 ? quiet * 1.6 : at(zoom, 2) * 0.8;
  if (state === 'unknown' || state === 'stale') return zoom < 14 ? quiet * 1.35 : Math.max(quiet * 1.5, 11);
  return quiet;
}
