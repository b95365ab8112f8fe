// The server's time. A workstation's or a telephone's own clock may be wrong by minutes; the stream's hello and heartbeats
// say what the server's says.

const samples_kept = 6;
/** No message is that long on its way (a silent link is cut before): a clock was set. */
const clock_was_set_ms = 60_000;

export class ServerClock {
  private ahead: number[] = [];

  constructor(private local: () => number) {}

  /**
   * What the server's clock said when it sent. Every message comes later than it was sent, so that of the last differences
   * the greatest is the nearest to the truth.
   */
  hear(at: string | undefined) {
    const sample = Date.parse(at ?? '') - this.local();
    if (Number.isNaN(sample)) return;
    if (Math.abs(sample - this.offset()) > clock_was_set_ms) this.ahead = [];
    this.ahead = [...this.ahead, sample].slice(-samples_kept);
  }

  known = (): boolean => this.ahead.length > 0;

  /** By how much the server's clock is ahead of this machine's; 0 while nobody knows. */
  offset = (): number => (this.ahead.length > 0 ? Math.max(...this.ahead) : 0);

  now = (): number => this.local() + this.offset();

  /** An instant of this machine's clock, in the server's time. */
  corrected = (local: number): number => local + this.offset();
}

export const clock = new ServerClock(() => Date.now());
