// The console's end of the stream (docs/stream.md), without sockets or clocks of its own: both are arguments, so that
// a test can script the other side.
//
// After a cut it goes on where it was; when a delta does not follow the one before, it asks for everything anew.

export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: string }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export interface Surroundings {
  open(): Socket;
  now(): number;
  later(ms: number, act: () => void): () => void;
  random(): number;
  /** The server said what its clock says. */
  serverTime?(at: string): void;
}

export interface Topic {
  topic: string;
  filter?: Record<string, string>;
  /** Everything there is: forget what was known. */
  snapshot(rows: unknown[]): void;
  delta(rows: unknown[], removed: string[]): void;
  /** It was not given: a right is lacking, or the server cannot now (then it is asked for again by itself). */
  refused?(status: number): void;
  /** For a topic without snapshot: read anew, and say from where to go on. */
  reload?(): Promise<Place>;
}

export interface Place {
  epoch: string;
  sequence: number;
}

export interface Link {
  state: 'connecting' | 'open' | 'lost' | 'over';
  /** When the last message came before the link was lost. */
  since: number;
  lag_ms: number | null;
}

type Message = {
  type: string;
  id?: string;
  epoch?: string;
  sequence?: number;
  prev?: number;
  rows?: unknown[];
  removed?: string[];
  heartbeat_s?: number;
  lag_ms?: number;
  at?: string;
  problem?: { status?: number; title?: string; detail?: string };
};

interface Subscription {
  topic: Topic;
  place: Place | null;
  reloading: boolean;
  /** Read anew and not yet gone on from there. */
  untried: boolean;
}

const session_over = 4001;
const pauses_ms = [300, 1000, 2000, 5000, 10_000];
const silent_heartbeats = 3;
const refused_pause_ms = 5000;
const status_gone = 410;
const status_too_many = 429;

export class StreamClient {
  private socket: Socket | null = null;
  private subscriptions = new Map<string, Subscription>();
  private listeners = new Set<() => void>();
  private link: Link;
  private epoch = '';
  private heard_at: number;
  private heartbeat_ms = 5000;
  private attempts = 0;
  private stopWaiting: () => void = () => {};
  private stopped = false;
  private count = 0;

  constructor(private around: Surroundings) {
    this.heard_at = around.now();
    this.link = { state: 'connecting', since: this.heard_at, lag_ms: null };
  }

  start() {
    this.stopped = false;
    this.connect();
  }

  stop() {
    this.stopped = true;
    this.stopWaiting();
    this.drop();
  }

  /** Answers what ends it. Subscriptions outlive every cut. */
  subscribe(topic: Topic, from?: Place): () => void {
    this.count += 1;
    const id = `${topic.topic}.${this.count}`;
    const subscription: Subscription = { topic, place: from ?? null, reloading: false, untried: false };
    this.subscriptions.set(id, subscription);
    if (this.link.state === 'open') this.ask(id, subscription);
    return () => {
      this.subscriptions.delete(id);
      if (this.link.state === 'open') this.send({ type: 'unsubscribe', id });
    };
  }

  status = (): Link => this.link;

  watch = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private connect() {
    if (this.stopped) return;
    const socket = this.around.open();
    this.socket = socket;
    socket.onmessage = (event) => {
      if (this.socket === socket) this.hear(JSON.parse(event.data) as Message);
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.lose(event.code);
    };
    // A socket that never opens must not hold the console for ever.
    this.listenFor(this.heartbeat_ms * silent_heartbeats);
  }

  private drop() {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  private listenFor(ms: number) {
    this.stopWaiting();
    this.stopWaiting = this.around.later(ms, () => {
      this.drop();
      this.lose(0);
    });
  }

  private lose(code: number) {
    this.socket = null;
    this.stopWaiting();
    if (code === session_over) {
      this.set({ ...this.link, state: 'over', since: this.heard_at });
      return;
    }
    this.set({ state: 'lost', since: this.heard_at, lag_ms: null });
    const pause = pauses_ms[Math.min(this.attempts, pauses_ms.length - 1)] ?? 1000;
    this.attempts += 1;
    // Fifty consoles that lost the same server must not all come back in the same instant.
    const spread = pause * (0.75 + 0.5 * this.around.random());
    this.stopWaiting = this.around.later(spread, () => this.connect());
  }

  private hear(message: Message) {
    this.heard_at = this.around.now();
    if (this.link.state === 'open' || message.type === 'hello') this.listenFor(this.heartbeat_ms * silent_heartbeats);
    switch (message.type) {
      case 'hello':
        return this.greet(message);
      case 'snapshot':
        return this.takeSnapshot(message);
      case 'delta':
        return this.takeDelta(message);
      case 'resumed':
        return this.goOn(message);
      case 'heartbeat':
        if (message.at) this.around.serverTime?.(message.at);
        return this.set({ ...this.link, lag_ms: this.lagOf(message) });
      case 'error':
        return this.refused(message);
    }
  }

  private greet(message: Message) {
    if (message.at) this.around.serverTime?.(message.at);
    this.epoch = message.epoch ?? '';
    this.heartbeat_ms = (message.heartbeat_s ?? 5) * 1000;
    this.attempts = 0;
    this.set({ state: 'open', since: this.heard_at, lag_ms: this.link.lag_ms });
    this.listenFor(this.heartbeat_ms * silent_heartbeats);
    for (const [id, subscription] of this.subscriptions) this.ask(id, subscription);
  }

  private ask(id: string, subscription: Subscription) {
    const { topic, place } = subscription;
    if (topic.reload && (!place || place.epoch !== this.epoch)) return this.reload(id, subscription);
    const message: Record<string, unknown> = { type: 'subscribe', id, topic: topic.topic };
    if (topic.filter) message.filter = topic.filter;
    if (place && place.epoch === this.epoch) message.resume = place;
    this.send(message);
  }

  private reload(id: string, subscription: Subscription) {
    if (subscription.reloading) return;
    subscription.reloading = true;
    const again = () => {
      subscription.reloading = false;
      if (this.subscriptions.get(id) !== subscription || this.link.state !== 'open') return;
      this.ask(id, subscription);
    };
    subscription.topic.reload?.().then(
      (place) => {
        subscription.place = place;
        subscription.untried = true;
        again();
      },
      () => {
        subscription.place = null;
        this.around.later(pauses_ms[3] ?? 5000, again);
      },
    );
  }

  private takeSnapshot(message: Message) {
    const subscription = this.subscriptions.get(message.id ?? '');
    if (!subscription) return;
    if (subscription.topic.reload) return this.anew(message.id ?? '', subscription);
    subscription.place = { epoch: message.epoch ?? this.epoch, sequence: message.sequence ?? 0 };
    subscription.topic.snapshot(message.rows ?? []);
  }

  private takeDelta(message: Message) {
    const id = message.id ?? '';
    const subscription = this.subscriptions.get(id);
    if (!subscription || subscription.reloading) return;
    // Between an unsubscription and the snapshot that replaces it, old deltas may still be on the way.
    if (!subscription.place) return;
    if (message.prev !== subscription.place.sequence) return this.anew(id, subscription);
    subscription.place = { epoch: subscription.place.epoch, sequence: message.sequence ?? message.prev };
    subscription.topic.delta(message.rows ?? [], message.removed ?? []);
  }

  private goOn(message: Message) {
    const subscription = this.subscriptions.get(message.id ?? '');
    if (!subscription) return;
    subscription.place = { epoch: this.epoch, sequence: message.sequence ?? 0 };
    subscription.untried = false;
  }

  private anew(id: string, subscription: Subscription) {
    this.send({ type: 'unsubscribe', id });
    subscription.place = null;
    this.ask(id, subscription);
  }

  private refused(message: Message) {
    const id = message.id ?? '';
    const subscription = this.subscriptions.get(id);
    const status = message.problem?.status ?? 0;
    if (status !== status_gone) subscription?.topic.refused?.(status);
    // A right we lack, a topic that is not there: nothing will change that.
    if (!subscription || (status < 500 && status !== status_gone && status !== status_too_many)) return;
    const atOnce = subscription.topic.reload && subscription.place && !subscription.untried;
    subscription.place = null;
    const again = () => {
      if (this.subscriptions.get(id) === subscription && this.link.state === 'open') this.ask(id, subscription);
    };
    // A place too long ago is read anew at once; what is refused again waits.
    if (atOnce) again();
    else this.around.later(refused_pause_ms, again);
  }

  private lagOf(message: Message): number {
    return message.lag_ms ?? 0;
  }

  private send(message: unknown) {
    this.socket?.send(JSON.stringify(message));
  }

  private set(link: Link) {
    this.link = link;
    for (const listener of this.listeners) listener();
  }
}
