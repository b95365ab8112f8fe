import type { Painter } from './painter.ts';

/** The rows of one topic, by key. Readers see them as they were when last painted. */
export class Rows<Row> {
  private byKey = new Map<string, Row>();
  private painted: readonly Row[] = [];
  private listeners = new Set<() => void>();
  private dirty = false;
  private known = false;

  constructor(
    private painter: Painter,
    private keyOf: (row: Row) => string,
    private versionOf: (row: Row) => number = () => 0,
    private open: (row: Row) => boolean = () => true,
  ) {}

  replace(rows: readonly Row[]) {
    this.byKey = new Map(rows.filter(this.open).map((row) => [this.keyOf(row), row]));
    this.known = true;
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

  /** Whether a snapshot came: before, an empty list would be a lie. */
  loaded = (): boolean => this.known;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
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
    this.painter.touch(this.paint);
  }

  private paint = () => {
    if (!this.dirty) return;
    this.dirty = false;
    this.painted = [...this.byKey.values()];
    for (const listener of this.listeners) listener();
  };
}
