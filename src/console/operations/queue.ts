// What waits for somebody: open incidents, and alarms that no open incident has taken in. Pure.
import type { Alarm, Incident, Intervention } from '../api/types.ts';
import { folded } from '../ui/format.ts';

export type Entry =
  | { type: 'incident'; key: string; priority: number; since: string; waiting: boolean; row: Incident }
  | { type: 'alarm'; key: string; priority: number; since: string; waiting: boolean; row: Alarm };

export type Show = '' | 'waiting' | 'incidents' | 'alarms';

export interface Wanted {
  desk: string;
  show: string;
  filter: string;
}

function ofIncident(row: Incident): Entry {
  return {
    type: 'incident',
    key: `incident:${row.number}`,
    priority: row.priority,
    since: row.opened_at,
    waiting: !row.owner,
    row,
  };
}

function ofAlarm(row: Alarm): Entry {
  return {
    type: 'alarm',
    key: `alarm:${row.id}`,
    priority: row.priority,
    since: row.raised_at,
    waiting: row.state === 'unacknowledged' || row.state === 'returned',
    row,
  };
}

/** Worst first, then oldest. Acknowledging or claiming moves nothing under the operator's eyes. */
export function inOrder(a: Entry, b: Entry): number {
  return a.priority - b.priority || Date.parse(a.since) - Date.parse(b.since) || (a.key < b.key ? -1 : 1);
}

function words(entry: Entry): string {
  if (entry.type === 'incident') {
    const { number, title, address, asset, owner_name, owner } = entry.row;
    return [number, title, address, asset, owner_name, owner].join(' ');
  }
  const { name, asset, street, kind } = entry.row;
  return [name.fr, name.en, asset, street, kind].join(' ');
}

/** Every word typed must be found. */
export function matches(text: string, filter: string): boolean {
  const hay = folded(text);
  return folded(filter)
    .split(/\s+/)
    .every((word) => hay.includes(word));
}

function shown(entry: Entry, wanted: Wanted): boolean {
  if (wanted.desk && entry.row.desk !== wanted.desk) return false;
  if (wanted.show === 'waiting' && !entry.waiting) return false;
  if (wanted.show === 'incidents' && entry.type !== 'incident') return false;
  if (wanted.show === 'alarms' && entry.type !== 'alarm') return false;
  return !wanted.filter || matches(words(entry), wanted.filter);
}

function needsAnswer(row: Alarm): boolean {
  return row.raises === 'alarm' && row.state !== 'suppressed' && row.state !== 'normal';
}

export function queueOf(alarms: readonly Alarm[], incidents: readonly Incident[], wanted: Wanted): Entry[] {
  const open = new Set(incidents.map((row) => row.number));
  // An alarm that an open incident took in is read there; asked for by name, it is listed here as well. A closed incident
  // answers for nothing any more: what stays or returns after it stands here again.
  const taken = (row: Alarm) => row.incident !== undefined && open.has(row.incident) && wanted.show !== 'alarms';
  const entries = [
    ...incidents.map(ofIncident),
    ...alarms.filter((row) => needsAnswer(row) && !taken(row)).map(ofAlarm),
  ];
  return entries.filter((entry) => shown(entry, wanted)).sort(inOrder);
}

export function noticesOf(alarms: readonly Alarm[], wanted: Wanted): Entry[] {
  return alarms
    .filter((row) => row.raises === 'maintenance' && row.state !== 'suppressed')
    .map(ofAlarm)
    .filter((entry) => shown(entry, { ...wanted, show: '' }))
    .sort((a, b) => Date.parse(b.since) - Date.parse(a.since) || (a.key < b.key ? -1 : 1));
}

/** An intervention stands at the desk of its incident; one whose incident is not known is hidden from nobody. */
export function interventionsOf(
  rows: readonly Intervention[],
  deskOf: (incident: number) => string | undefined,
  { desk, filter }: Pick<Wanted, 'desk' | 'filter'>,
): Intervention[] {
  const atDesk = (row: Intervention) => !desk || (deskOf(row.incident) ?? desk) === desk;
  const words = (row: Intervention) => [row.incident_title, row.crew, row.address, row.asset].join(' ');
  return rows
    .filter((row) => atDesk(row) && (!filter || matches(words(row), filter)))
    .sort((a, b) => a.priority - b.priority || Date.parse(a.created_at) - Date.parse(b.created_at));
}

/** How many alarms ask for an answer, by priority. */
export function countByPriority(alarms: readonly Alarm[]): Record<number, number> {
  const counts: Record<number, number> = { 1: 0, 2: 0, 3: 0, 4: 0 };
  for (const row of alarms) {
    if (needsAnswer(row)) counts[row.priority] = (counts[row.priority] ?? 0) + 1;
  }
  return counts;
}
