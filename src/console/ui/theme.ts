import { useSyncExternalStore } from 'react';

export type Theme = 'dark' | 'light';
const key = 'vigie.theme';
const listeners = new Set<() => void>();

function preferred(): Theme {
  const kept = localStorage.getItem(key);
  if (kept === 'dark' || kept === 'light') return kept;
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}

let theme: Theme = 'dark';

function apply(next: Theme) {
  theme = next;
  document.documentElement.dataset.theme = next;
  for (const listener of listeners) listener();
}

export function startTheme(fallback?: Theme) {
  apply(fallback && !localStorage.getItem(key) ? fallback : preferred());
}

export function setTheme(next: Theme) {
  localStorage.setItem(key, next);
  apply(next);
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => theme,
  );
}

/** The value of a colour token, for what is not drawn by CSS (map, charts). */
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
