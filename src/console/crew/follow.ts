import { clock } from '../live/clock.ts';
import { type Socket, StreamClient } from '../live/stream.ts';
import { outbox } from './room.ts';

/** Told by the stream when something of the crew's changes, and what time it is in the room; polling stays for the rest. */
export function followRoom(crew: string, onChange: () => void): () => void {
  const client = new StreamClient({
    open: () => new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/stream`) as unknown as Socket,
    now: () => Date.now(),
    later: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
    serverTime: (at) => {
      const first = !clock.known();
      clock.hear(at);
      if (first) void outbox.clockKnown();
    },
  });
  client.subscribe({ topic: 'interventions', filter: { crew }, snapshot: () => {}, delta: onChange });
  client.start();
  return () => client.stop();
}
