import { describe, expect, it } from 'vitest';
import { type Place, type Socket, StreamClient, type Topic } from '../live/stream.ts';

// The other side, scripted: what the console sent, and what it is told.
class Peer implements Socket {
  sent: Record<string, unknown>[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  send(text: string) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.closed = true;
  }
  tell(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  hangUp(code = 1006) {
    this.onclose?.({ code });
  }
  asked(topic: string) {
    return this.sent.filter((one) => one.type === 'subscribe' && one.topic === topic);
  }
}

class Stage {
  peers: Peer[] = [];
  serverTimes: string[] = [];
  time = 1_000_000;
  private planned: { at: number; act: () => void }[] = [];
  client = new StreamClient({
    open: () => {
      const peer = new Peer();
      this.peers.push(peer);
      return peer;
    },
    now: () => this.time,
    later: (ms, act) => {
      const one = { at: this.time + ms, act };
      this.planned.push(one);
      return () => {
        this.planned = this.planned.filter((other) => other !== one);
      };
    },
    random: () => 0.5,
    serverTime: (at) => this.serverTimes.push(at),
  });
  get peer(): Peer {
    return this.peers.at(-1)!;
  }
  pass(ms: number) {
    this.time += ms;
    for (;;) {
      const due = this.planned.find((one) => one.at <= this.time);
      if (!due) return;
      this.planned = this.planned.filter((one) => one !== due);
      due.act();
    }
  }
  hello(epoch = 'e1') {
    this.peer.tell({ type: 'hello', epoch, sequence: 100, heartbeat_s: 5 });
  }
}

function kept(topic = 'alarms') {
  const heard: string[] = [];
  const what: Topic = {
    topic,
    snapshot: (rows) => heard.push(`all ${rows.join()}`),
    delta: (rows, removed) => heard.push(`some ${rows.join()} without ${removed.join()}`),
  };
  return { heard, what };
}

function following() {
  const stage = new Stage();
  const { heard, what } = kept();
  stage.client.subscribe(what);
  stage.client.start();
  stage.hello();
  const id = stage.peer.asked('alarms')[0]?.id as string;
  stage.peer.tell({ type: 'snapshot', id, epoch: 'e1', sequence: 100, rows: ['a'] });
  return { stage, heard, id };
}

describe('the stream client', () => {
  it('tells a topic why it is not given, and asks again only for what may come', () => {
    const stage = new Stage();
    const refused: string[] = [];
    for (const topic of ['alarms', 'logbook']) {
      stage.client.subscribe({ ...kept(topic).what, refused: (status) => refused.push(`${topic} ${status}`) });
    }
    stage.client.start();
    stage.hello();
    const id = (topic: string) => stage.peer.asked(topic)[0]?.id;
    stage.peer.tell({ type: 'error', id: id('alarms'), problem: { status: 503 } });
    stage.peer.tell({ type: 'error', id: id('logbook'), problem: { status: 403 } });
    expect(refused).toEqual(['alarms 503', 'logbook 403']);
    stage.pass(6000);
    expect([stage.peer.asked('alarms').length, stage.peer.asked('logbook').length]).toEqual([2, 1]);
  });

  it('hands on what the server’s clock says, from the first word on', () => {
    const stage = new Stage();
    stage.client.start();
    stage.peer.tell({ type: 'hello', epoch: 'e1', sequence: 100, heartbeat_s: 5, at: '2026-11-22T17:59:55Z' });
    stage.peer.tell({ type: 'heartbeat', sequence: 101, lag_ms: 1, at: '2026-11-22T18:00:00Z' });
    expect(stage.serverTimes).toEqual(['2026-11-22T17:59:55Z', '2026-11-22T18:00:00Z']);
  });

  it('asks for everything at first, then takes what changes', () => {
    const { stage, heard, id } = following();
    stage.peer.tell({ type: 'delta', id, sequence: 103, prev: 100, rows: ['b'], removed: ['a'] });
    expect(stage.peer.asked('alarms')[0]).not.toHaveProperty('resume');
    expect(heard).toEqual(['all a', 'some b without a']);
  });

  it('goes on after a cut where it was', () => {
    const { stage, heard, id } = following();
    stage.peer.tell({ type: 'delta', id, sequence: 103, prev: 100, rows: ['b'] });
    stage.peer.hangUp();
    expect(stage.client.status().state).toBe('lost');
    stage.pass(400);
    stage.hello('e1');
    expect(stage.peer.asked('alarms')[0]?.resume).toEqual({ epoch: 'e1', sequence: 103 });
    stage.peer.tell({ type: 'resumed', id, sequence: 103 });
    stage.peer.tell({ type: 'delta', id, sequence: 110, prev: 103, rows: ['c'] });
    expect(heard.at(-1)).toBe('some c without ');
  });

  it('does not resume into another epoch', () => {
    const { stage } = following();
    stage.peer.hangUp();
    stage.pass(400);
    stage.hello('e2');
    expect(stage.peer.asked('alarms')[0]).not.toHaveProperty('resume');
  });

  it('asks anew when a delta does not follow, and ignores what comes before the answer', () => {
    const { stage, heard, id } = following();
    stage.peer.tell({ type: 'delta', id, sequence: 120, prev: 115, rows: ['late'] });
    expect(stage.peer.sent.at(-2)).toEqual({ type: 'unsubscribe', id });
    expect(stage.peer.asked('alarms')).toHaveLength(2);
    stage.peer.tell({ type: 'delta', id, sequence: 121, prev: 120, rows: ['still late'] });
    stage.peer.tell({ type: 'snapshot', id, epoch: 'e1', sequence: 121, rows: ['all'] });
    expect(heard).toEqual(['all a', 'all all']);
  });

  it('takes silence for a cut and says since when', () => {
    const { stage } = following();
    const last = stage.time;
    stage.pass(15_001);
    expect(stage.client.status()).toMatchObject({ state: 'lost', since: last });
    expect(stage.peer.closed).toBe(true);
    stage.pass(400);
    expect(stage.peers).toHaveLength(2);
  });

  it('stays while heartbeats come, and tells the lag', () => {
    const { stage } = following();
    for (let beat = 0; beat < 6; beat += 1) {
      stage.pass(5000);
      stage.peer.tell({ type: 'heartbeat', sequence: 100, lag_ms: 7 });
    }
    expect(stage.client.status()).toMatchObject({ state: 'open', lag_ms: 7 });
    expect(stage.peers).toHaveLength(1);
  });

  it('waits longer after each failure, and as long as the last pause at most', () => {
    const stage = new Stage();
    stage.client.start();
    const pauses: number[] = [];
    for (let time = 0; time < 7; time += 1) {
      stage.peer.hangUp();
      const before = stage.time;
      const count = stage.peers.length;
      while (stage.peers.length === count) stage.pass(100);
      pauses.push(stage.time - before);
    }
    expect(pauses).toEqual([300, 1000, 2000, 5000, 10_000, 10_000, 10_000]);
  });

  it('does not come back when the session is over', () => {
    const { stage } = following();
    stage.peer.hangUp(4001);
    stage.pass(60_000);
    expect(stage.client.status().state).toBe('over');
    expect(stage.peers).toHaveLength(1);
  });

  it('reads a topic without snapshot, and goes on from there', async () => {
    const stage = new Stage();
    const { heard, what } = kept('map');
    const places: Place[] = [
      { epoch: 'e1', sequence: 90 },
      { epoch: 'e2', sequence: 5 },
    ];
    let reads = 0;
    stage.client.subscribe({ ...what, reload: async () => places[reads++]! });
    stage.client.start();
    stage.hello();
    expect(stage.peer.asked('map')).toEqual([]);
    await Promise.resolve();
    await Promise.resolve();
    expect(stage.peer.asked('map')[0]?.resume).toEqual({ epoch: 'e1', sequence: 90 });
    const id = stage.peer.asked('map')[0]?.id;
    stage.peer.tell({ type: 'resumed', id, sequence: 90 });
    stage.peer.tell({ type: 'delta', id, sequence: 101, prev: 90, rows: [1] });
    expect(heard).toEqual(['some 1 without ']);
    stage.peer.hangUp();
    stage.pass(400);
    stage.hello('e2');
    await Promise.resolve();
    await Promise.resolve();
    expect(reads).toBe(2);
    expect(stage.peer.asked('map')[0]?.resume).toEqual({ epoch: 'e2', sequence: 5 });
  });

  it('reads anew what it cannot resume, and not in a loop', async () => {
    const stage = new Stage();
    let reads = 0;
    stage.client.subscribe({ ...kept('map').what, reload: async () => ({ epoch: 'e1', sequence: ++reads }) });
    stage.client.start();
    stage.hello();
    const settle = async () => {
      for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
    };
    await settle();
    const id = stage.peer.asked('map')[0]?.id;
    stage.peer.tell({ type: 'resumed', id, sequence: 1 });
    const refuse = () => stage.peer.tell({ type: 'error', id, problem: { status: 410 } });
    refuse();
    await settle();
    expect(reads).toBe(2);
    refuse();
    await settle();
    expect(reads).toBe(2);
    stage.pass(5000);
    await settle();
    expect(reads).toBe(3);
  });

  it('asks again for a snapshot that could not be read, and not for what it has no right to', () => {
    const { stage, id } = following();
    stage.peer.tell({ type: 'error', id, problem: { status: 403 } });
    stage.peer.tell({ type: 'heartbeat', lag_ms: 0 });
    stage.pass(5000);
    expect(stage.peer.asked('alarms')).toHaveLength(1);
    stage.peer.tell({ type: 'error', id, problem: { status: 503 } });
    stage.pass(5000);
    expect(stage.peer.asked('alarms')).toHaveLength(2);
  });

  it('says goodbye to a topic nobody looks at any more', () => {
    const stage = new Stage();
    const end = stage.client.subscribe(kept('values').what);
    stage.client.start();
    stage.hello();
    end();
    expect(stage.peer.sent.at(-1)).toMatchObject({ type: 'unsubscribe' });
  });
});
