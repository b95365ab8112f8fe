// What a crew answered and the server has not taken yet. An answer is written down before anything is sent, keeps its
// key until the server takes it, and leaves only when taken or when its author says so.
import type { InterventionState, Move } from '../api/types.ts';

export interface Answer {
  /** Its Idempotency-Key: sent twice, it is one answer. */
  key: string;
  intervention: string;
  /** Who tapped: nobody else's session may send it. */
  by: string;
  title: string;
  move: Move;
  /** Place in the row of answers: two may be tapped in the same millisecond. */
  order: number;
  state: 'waiting' | 'conflict';
  refusal?: string;
  /** The state the intervention has instead. */
  found?: InterventionState;
}

export interface Shelf {
  all(): Promise<Answer[]>;
  put(answer: Answer): Promise<void>;
  remove(key: string): Promise<void>;
}

export type Outcome =
  | { kind: 'taken' }
  | { kind: 'refused'; refusal: string; found?: InterventionState }
  | { kind: 'later' }
  | { kind: 'sign_in' };

export interface Post {
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
  needsSignIn = false;
  /** Whose answers are sent now; those of somebody else wait for them. */
  author = '';

  constructor(
    private shelf: Shelf,
    private post: Post,
    private newKey: () => string,
    private onTaken: () => void = () => {},
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

  async add(intervention: string, title: string, move: Move): Promise<void> {
    const order = 1 + this.answers.reduce((last, answer) => Math.max(last, answer.order), 0);
    const answer: Answer = { key: this.newKey(), intervention, by: this.author, title, move, order, state: 'waiting' };
    await this.shelf.put(answer);
    this.show([...this.answers, answer]);
    await this.flush();
  }

  /** A refused answer is sent as a new one: under its old key the server would only repeat its refusal. */
  async tryAgain(key: string): Promise<void> {
    const answer = this.answers.find((one) => one.key === key);
    if (!answer) return;
    const renewed: Answer = { ...answer, key: this.newKey(), state: 'waiting', refusal: undefined, found: undefined };
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
      const next = this.answers.find(
        (one) => one.state === 'waiting' && one.by === this.author && !blocked.has(one.intervention),
      );
      if (!next) break;
      const outcome = await this.post.send(next);
      this.needsSignIn = outcome.kind === 'sign_in';
      if (outcome.kind === 'later' || outcome.kind === 'sign_in') break;
      if (outcome.kind === 'taken') {
        await this.shelf.remove(next.key);
        this.show(this.answers.filter((one) => one.key !== next.key));
        taken = true;
        continue;
      }
      const conflict: Answer = { ...next, state: 'conflict', refusal: outcome.refusal, found: outcome.found };
      await this.shelf.put(conflict);
      this.show(this.answers.map((one) => (one.key === next.key ? conflict : one)));
      taken = true;
    }
    if (taken) this.onTaken();
  }

  private show(answers: readonly Answer[]) {
    this.answers = [...answers].sort((a, b) => a.order - b.order);
    for (const listener of this.listeners) listener();
  }
}
