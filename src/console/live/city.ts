// Everything the console knows about the city as it is now, fed by the stream.
import { useSyncExternalStore } from 'react';
import type { Alarm, Crew, DeskStrip, Incident, Intervention, LogbookEntry } from '../api/types.ts';
import { clock } from './clock.ts';
import { Painter } from './painter.ts';
import { Rows, type Standing } from './rows.ts';
import { type Link, type Socket, StreamClient, type Topic } from './stream.ts';

const later = (ms: number, act: () => void) => {
  const timer = setTimeout(act, ms);
  return () => clearTimeout(timer);
};

export const painter = new Painter({ now: () => performance.now(), later, hidden: () => document.hidden });
document.addEventListener('visibilitychange', () => painter.visibilityChanged());

export const alarms = new Rows<Alarm>(
  painter,
  (row) => row.id,
  (row) => row.version,
  (row) => row.state !== 'normal',
);
export const incidents = new Rows<Incident>(
  painter,
  (row) => String(row.number),
  (row) => row.version,
  (row) => row.status === 'open',
);
const finished = new Set(['verified', 'closed', 'cancelled', 'refused']);
export const interventions = new Rows<Intervention>(
  painter,
  (row) => row.id,
  (row) => row.version,
  (row) => !finished.has(row.state) || row.state === 'verified',
);
export const crews = new Rows<Crew>(painter, (row) => row.code);
export const desks = new Rows<DeskStrip>(painter, (row) => row.desk);
/** A trouble of the server with itself (topic system). */
export interface Trouble {
  code: string;
  priority: number;
  since: string;
  text: { en: string; fr: string };
}
export const troubles = new Rows<Trouble>(painter, (row) => row.code);
const logbook_rows_max = 200;
export const logbook = new Rows<LogbookEntry>(painter, (row) => String(row.number));

export const stream = new StreamClient({
  open: () => new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/stream`) as unknown as Socket,
  now: clock.now,
  later,
  random: Math.random,
  serverTime: (at) => clock.hear(at),
});

function fed<Row>(topic: string, rows: Rows<Row>): Topic {
  return {
    topic,
    snapshot: (all) => rows.replace(all as Row[]),
    delta: (some, removed) => rows.apply(some as Row[], removed),
    refused: (status) => rows.refuse(status),
  };
}

/** Connects; answers what ends it. */
export function startCity(): () => void {
  const ends = [
    stream.subscribe(fed('alarms', alarms)),
    stream.subscribe(fed('incidents', incidents)),
    stream.subscribe(fed('interventions', interventions)),
    stream.subscribe(fed('crews', crews)),
    stream.subscribe(fed('desks', desks)),
    stream.subscribe(fed('system', troubles)),
    stream.subscribe({
      topic: 'logbook',
      snapshot: (all) => logbook.replace(all as LogbookEntry[]),
      refused: (status) => logbook.refuse(status),
      delta: (some) => {
        logbook.apply(some as LogbookEntry[], []);
        const all = logbook.all();
        if (all.length > logbook_rows_max * 2) logbook.replace(newestFirst(all).slice(0, logbook_rows_max));
      },
    }),
  ];
  stream.start();
  return () => {
    for (const end of ends) end();
    stream.stop();
  };
}

export function newestFirst(rows: readonly LogbookEntry[]): LogbookEntry[] {
  return [...rows].sort((a, b) => b.number - a.number);
}

export function useRows<Row>(rows: Rows<Row>): readonly Row[] {
  return useSyncExternalStore(rows.subscribe, rows.all);
}

export function useStanding<Row>(rows: Rows<Row>): Standing {
  return useSyncExternalStore(rows.subscribe, rows.standing);
}

/** The open incident that took an alarm in. One that is closed answers for nothing any more. */
export function openIncidentOf(row: { incident?: number } | undefined): Incident | undefined {
  return row?.incident === undefined ? undefined : incidents.get(String(row.incident));
}

export function useLink(): Link {
  return useSyncExternalStore(stream.watch, stream.status);
}
