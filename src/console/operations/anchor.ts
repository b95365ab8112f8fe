// Holding still what an operator looks at while rows come and go above it. Pure.

export interface Held {
  key: string;
  /** How many pixels of the row are hidden above the edge. */
  offset: number;
}

export function held(keys: readonly string[], scrollTop: number, rowHeight: number): Held | null {
  const index = Math.floor(scrollTop / rowHeight);
  const key = keys[index];
  return key === undefined ? null : { key, offset: scrollTop - index * rowHeight };
}

export interface Moved {
  scrollTop: number;
  /** Rows that came in above the edge, unseen. */
  newAbove: number;
}

/** Where to scroll so that the held row stays where it was. */
export function moved(
  before: ReadonlySet<string>,
  keys: readonly string[],
  what: Held,
  rowHeight: number,
): Moved | null {
  const index = keys.indexOf(what.key);
  if (index < 0) return null;
  let newAbove = 0;
  for (let at = 0; at < index; at += 1) if (!before.has(keys[at] ?? '')) newAbove += 1;
  return { scrollTop: index * rowHeight + what.offset, newAbove };
}
