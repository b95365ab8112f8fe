import { useSyncExternalStore } from 'react';
import { clock } from '../live/clock.ts';

let now = clock.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void) {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = clock.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The server's time of day, renewed every second: ages on the screen grow together. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}
