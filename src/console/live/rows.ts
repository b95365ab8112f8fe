import type { Painter } from './painter.ts';

/** What a list is worth: an empty one is a statement only when it is known. */
export type Standing = 'loading' | 'known' | 'forbidden' | 'unavailable';

const status_too_many = 429;

/** A breakdown may pass; a right one lacks does not come by waiting. */
export function standingOf(status: number): Standing {
  return status >= 500 || status === status_too_many ? 'unavailable' : 'forbidden';
}

/** The rows of one topic, by key. Readers see them as they were when last painted. */
export class Rows<Row> {
  private byKey = new Map<string, Row>();
  private painted: readonly Row[] = [];
  private listeners = new Set<() => void>();
  private watchers = new Set<() => void>();
  private dirty = false;
  private present: Standing = 'loading';
  private painted_standing: Standing = 'loading';

  constructor(
    private painter: Painter,
    private keyOf: (row: Row) => string,
    private versionOf: (row: Row) => number = () => 0,
    private open: (row: Row) => boolean = () => true,
  ) {}

  replace(rows: readonly Row[]) {
    this.byKey = new Map(rows.filter(this.open).map((row) => [this.keyOf(row), row]));
    this.present = 'known';
    this.changed();
  }

  /** The server would not or could not give them. What was known before is kept through a breakdown only. */
  refuse(status: number) {
    this.present = standingOf(status);
    if (this.present === 'forbidden') this.byKey.clear();
    this.changed();
  }

  /** Rows made or changed, whole, and keys removed. A row that is no longer open leaves. */
  apply(rows: readonly Row[], removed: readonly string[]) {
    for (const row of rows) this.take(row);
    for (const key of removed) this.byKey.delete(key);
    if (rows.length + removed.length > 0) this.changed();
  }

  /** What the server answered to a person's act: painted at once. */
  put(row: Row) {
    this.take(row);
    this.changed();
    this.painter.flush();
  }

  get(key: string): Row | undefined {
    return this.byKey.get(key);
  }

  all = (): readonly Row[] => this.painted;

  /** What the list on the screen is worth. */
  standing = (): Standing => this.painted_standing;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** As they are, painted or not: for what must be heard while nobody looks. */
  unpainted = (): Iterable<Row> => this.byKey.values();

  /** Told of every change at once, painted or not. */
  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  private take(row: Row) {
    const key = this.keyOf(row);
    const before = this.byKey.get(key);
    if (before && this.versionOf(before) > this.versionOf(row)) return;
    if (this.open(row)) this.byKey.set(key, row);
    else this.byKey.delete(key);
  }

  private changed() {
    this.dirty = true;
    for (const watcher of this.watchers) watcher();
    this.painter.touch(this.paint);
  }

  private paint = () => {
    if (!this.dirty) return;
    this.dirty = false;
    this.painted = [...this.byKey.values()];
    this.painted_standing = this.present;
    for (const listener of this.listeners) listener();
  };
}
