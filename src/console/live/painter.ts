// When the screen is painted: at most twice a second, never while nobody can see it.

export interface Canvas {
  now(): number;
  later(ms: number, act: () => void): () => void;
  hidden(): boolean;
}

export const paint_interval_ms = 500;

export class Painter {
  private waiting = new Set<() => void>();
  private painted_at = Number.NEGATIVE_INFINITY;
  private cancel: (() => void) | null = null;

  constructor(private canvas: Canvas) {}

  /** Calls `paint` once, soon; however often it is asked meanwhile. */
  touch(paint: () => void) {
    this.waiting.add(paint);
    this.plan();
  }

  /** Something a person did: shown at once. */
  flush() {
    this.cancel?.();
    this.cancel = null;
    this.painted_at = this.canvas.now();
    const all = [...this.waiting];
    this.waiting.clear();
    for (const paint of all) paint();
  }

  /** The page became visible, or ceased to be. */
  visibilityChanged() {
    if (!this.canvas.hidden() && this.waiting.size > 0) this.flush();
  }

  private plan() {
    if (this.cancel || this.canvas.hidden()) return;
    const due = Math.max(0, this.painted_at + paint_interval_ms - this.canvas.now());
    this.cancel = this.canvas.later(due, () => {
      this.cancel = null;
      if (!this.canvas.hidden()) this.flush();
    });
  }
}
