import { useSyncExternalStore } from 'react';

const key = 'vigie.muted';
const listeners = new Set<() => void>();

function told() {
  for (const listener of listeners) listener();
}

const muted = (): boolean => localStorage.getItem(key) === '1';

/** Kept for this workstation, in every window of it. */
export function setMuted(next: boolean) {
  if (next) localStorage.setItem(key, '1');
  else localStorage.removeItem(key);
  told();
}

export function useMuted(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    addEventListener('storage', listener);
    return () => {
      listeners.delete(listener);
      removeEventListener('storage', listener);
    };
  }, muted);
}
