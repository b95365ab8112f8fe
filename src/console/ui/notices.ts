import { useSyncExternalStore } from 'react';

export interface Notice {
  number: number;
  text: string;
}

const shown_ms = 12_000;
let notices: readonly Notice[] = [];
let count = 0;
const listeners = new Set<() => void>();

function set(next: readonly Notice[]) {
  notices = next;
  for (const listener of listeners) listener();
}

/** Says something that was not asked for: mostly why an act was refused. */
export function tell(text: string) {
  count += 1;
  const notice = { number: count, text };
  set([...notices.slice(-3), notice]);
  setTimeout(() => dismiss(notice.number), shown_ms);
}

export function dismiss(number: number) {
  set(notices.filter((one) => one.number !== number));
}

export function useNotices(): readonly Notice[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notices,
  );
}
