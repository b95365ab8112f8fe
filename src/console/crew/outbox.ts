// What a crew answered and the server has not taken yet. An answer is written down before anything is sent, keeps its
// key until the server takes it, and leaves only when taken or when its author says so.
import type { InterventionState, Move } from '../api/types.ts';
import { atLeast, type Clock, ownClock } from './times.ts';

export interface Answer {
  /** Its Idempotency-Key: sent twice, it is one answer. */
  key: string;
  intervention: string;
  /** Who tapped: nobody else's session may send it. */
  by: string;
  title: string;
  /** Its time `at` is the server's as soon as that is known. */
  move: Move;
  /** The time of the tap by the telephone's clock, right or wrong. */
  tapped?: string;
  /** Its time was put right by the server's clock. */
  corrected?: boolean;
  /** It may have reached the server. */
  tried?: boolean;
  /** Place in the row of answers: two may be tapped in the same millisecond. */
  order: number;
  state: 'waiting' | 'conflict';
  refusal?: string;
  /** The state the intervention has instead. */
  found?: InterventionState;
  /** It was refused for its time. */
  untimely?: boolean;
}

export interface Shelf {
  all(): Promise<Answer[]>;
  put(answer: Answer): Promise<void>;
  remove(key: string): Promise<void>;
}

export type Outcome =
  | { kind: 'taken' }
  | { kind: 'refused'; refusal: string; found?: InterventionState; untimely?: boolean }
  | { kind: 'later' }
  | { kind: 'sign_in' };

export interface Post {
  /** False while nothing can leave the telephone: then nothing was tried either. */
  reachable?(): boolean;
  /** True while the server's time may still come: an answer that bears the telephone's alone waits for it. */
  awaitsTime?(): boolean;
  send(answer: Answer): Promise<Outcome>;
}

/** How to understand an HTTP status: what may pass by itself is tried again, what cannot is shown. */
export function outcomeOf(status: number, refusal: string, found: InterventionState | undefined, to: string): Outcome {
  if (status >= 200 && status < 300) return { kind: 'taken' };
  if (status === 401) return { kind: 'sign_in' };
  if (status === 408 || status === 425 || status === 429 || status >= 500) return { kind: 'later' };
  // Somebody in the room said the same for them.
  if (status === 409 && found === to) return { kind: 'taken' };
  return { kind: 'refused', refusal, found };
}

export class Outbox {
  private answers: readonly Answer[] = [];
  private sending = false;
  private again = false;
  private listeners = new Set<() => void>();
  /** The time last sent for each intervention: steps of one author must not go back. */
  private sent_at = new Map<string, string>();
  needsSignIn = false;
  /** Whose answers are sent now; those of somebody else wait for them. */
  author = '';

  constructor(
    private shelf: Shelf,
    private post: Post,
    private newKey: () => string,
    private onTaken: () => void = () => {},
    private clock: Clock = ownClock,
  ) {}

  async load() {
    this.show(await this.shelf.all());
  }

  list = (): readonly Answer[] => this.answers;

  watch = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  of(intervention: string): Answer[] {
    return this.answers.filter((answer) => answer.intervention === intervention);
  }

  /**
   * `move.at` is what the telephone's clock says; it is put right now or, while nobody knows by how much it is wrong, when it
   * is sent. (A clock that counts from the page's start would not do in between: it stops while the telephone sleeps.)
   */
  async add(intervention: string, title: string, move: Move): Promise<void> {
    const order = 1 + this.answers.reduce((last, answer) => Math.max(last, answer.order), 0);
    const tap = { key: this.newKey(), intervention, by: this.author, title, move, order, tapped: move.at };
    const answer = this.timed({ ...tap, state: 'waiting' });
    await this.shelf.put(answer);
    this.show([...this.answers, answer]);
    await this.flush();
  }

  /**
   * A refused answer is sent as a new one: under its old key the server would only repeat its refusal. One refused for its
   * time gets the right time of its tap or, when it had that, the time of now.
   */
  async tryAgain(key: string): Promise<void> {
    const answer = this.answers.find((one) => one.key === key);
    if (!answer) return;
    const none = { refusal: undefined, found: undefined, untimely: undefined, tried: undefined };
    const fresh: Answer = { ...answer, ...none, key: this.newKey(), state: 'waiting' };
    const renewed = answer.untimely ? this.retimed(fresh) : fresh;
    await this.shelf.put(renewed);
    await this.shelf.remove(key);
    this.show(this.answers.map((one) => (one.key === key ? renewed : one)));
    await this.flush();
  }

  async giveUp(key: string): Promise<void> {
    await this.shelf.remove(key);
    this.show(this.answers.filter((one) => one.key !== key));
    await this.flush();
  }

  /** The server's time became known: what waited for it goes, and what was refused for the telephone's again, once. */
  async clockKnown(): Promise<void> {
    const wrong = this.answers.filter((one) => one.untimely && !one.corrected && one.by === this.author);
    for (const one of wrong) await this.tryAgain(one.key);
    await this.flush();
  }

  /** Sends what waits, in the order of the taps. Behind a conflict the same intervention's later answers wait. */
  async flush(): Promise<void> {
    if (this.sending) {
      this.again = true;
      return;
    }
    this.sending = true;
    try {
      do {
        this.again = false;
        await this.sendAll();
      } while (this.again);
    } finally {
      this.sending = false;
    }
  }

  private async sendAll() {
    let taken = false;
    for (;;) {
      const blocked = new Set(this.answers.filter((one) => one.state === 'conflict').map((one) => one.intervention));
      const found = this.answers.find(
        (one) => one.state === 'waiting' && one.by === this.author && !blocked.has(one.intervention),
      );
      if (!found || !this.mayLeave(found)) break;
      const next = await this.readied(found);
      const outcome = await this.post.send(next);
      this.needsSignIn = outcome.kind === 'sign_in';
      if (outcome.kind === 'later' || outcome.kind === 'sign_in') break;
      taken = true;
      if (outcome.kind === 'taken') {
        this.sent_at.set(next.intervention, next.move.at);
        await this.shelf.remove(next.key);
        this.show(this.answers.filter((one) => one.key !== next.key));
        continue;
      }
      const { refusal, found: state, untimely } = outcome;
      const conflict: Answer = { ...next, state: 'conflict', refusal, found: state, untimely };
      await this.shelf.put(conflict);
      this.replace(conflict);
    }
    if (taken) this.onTaken();
  }

  private mayLeave({ tried, corrected }: Answer): boolean {
    if (this.post.reachable?.() === false) return false;
    return tried || corrected || !this.post.awaitsTime?.();
  }

  /** Its last chance to get the right time: what was sent under a key does not change, not even after a reload. */
  private async readied(answer: Answer): Promise<Answer> {
    if (answer.tried) return answer;
    const ready = { ...this.timed(answer), tried: true };
    await this.shelf.put(ready);
    this.replace(ready);
    return ready;
  }

  private timed(answer: Answer): Answer {
    const known = !answer.corrected && answer.tapped !== undefined && this.clock.known();
    const tap = Date.parse(answer.tapped ?? answer.move.at);
    const at = known ? new Date(this.clock.corrected(tap)).toISOString() : answer.move.at;
    const move = { ...answer.move, at: atLeast(at, this.sent_at.get(answer.intervention)) };
    return { ...answer, move, corrected: answer.corrected || known || undefined };
  }

  private retimed(answer: Answer): Answer {
    if (!answer.corrected && this.clock.known()) return this.timed(answer);
    return { ...answer, corrected: true, move: { ...answer.move, at: new Date(this.clock.now()).toISOString() } };
  }

  private replace(answer: Answer) {
    this.show(this.answers.map((one) => (one.key === answer.key ? answer : one)));
  }

  private show(answers: readonly Answer[]) {
    this.answers = [...answers].sort((a, b) => a.order - b.order);
    for (const listener of this.listeners) listener();
  }
}
