import { describe, expect, it } from 'vitest';
import type { Intervention, InterventionState } from '../api/types.ts';
import { newlySent } from '../crew/news.ts';
import { type Answer, Outbox, type Outcome, outcomeOf, type Post, type Shelf } from '../crew/outbox.ts';
import { offered, presentState } from '../crew/steps.ts';
import { minutesWrong, timeMayCome } from '../crew/times.ts';

class Memory implements Shelf {
  rows = new Map<string, Answer>();
  all = async () => [...this.rows.values()];
  put = async (answer: Answer) => void this.rows.set(answer.key, answer);
  remove = async (key: string) => void this.rows.delete(key);
}

function made(shelf: Shelf, outcomes: Outcome[]) {
  const sent: Answer[] = [];
  let keys = 0;
  const send = async (answer: Answer) => {
    sent.push(answer);
    return outcomes.shift() ?? { kind: 'later' as const };
  };
  const outbox = new Outbox(shelf, { send }, () => `key-${++keys}`);
  return { outbox, sent };
}

const move = (to: InterventionState) => ({ to, at: '2026-11-22T18:00:00Z' });
const taken: Outcome = { kind: 'taken' };
const later: Outcome = { kind: 'later' };
const refused: Outcome = { kind: 'refused', refusal: 'no', found: 'cancelled' };

describe('the outbox', () => {
  it('writes an answer down before it sends it', async () => {
    const shelf = new Memory();
    const seen: number[] = [];
    const send = async () => {
      seen.push(shelf.rows.size);
      return taken;
    };
    await new Outbox(shelf, { send }, () => 'k').add('i', 'title', move('accepted'));
    expect(seen).toEqual([1]);
    expect(shelf.rows.size).toBe(0);
  });

  it('keeps answers through flight mode and a reload, and sends them in order under their first keys', async () => {
    const shelf = new Memory();
    const before = made(shelf, [later, later]);
    await before.outbox.add('i', 'title', move('en_route'));
    await before.outbox.add('i', 'title', move('on_site'));
    expect(shelf.rows.size).toBe(2);
    const after = made(shelf, [taken, taken]);
    await after.outbox.load();
    await after.outbox.flush();
    expect(after.sent.map((one) => [one.key, one.move.to])).toEqual([
      ['key-1', 'en_route'],
      ['key-2', 'on_site'],
    ]);
    expect(shelf.rows.size).toBe(0);
  });

  it('keeps a refused answer to be reviewed, holds those behind it, and lets other interventions pass', async () => {
    const shelf = new Memory();
    const offline = made(shelf, []);
    await offline.outbox.add('i', 'one', move('on_site'));
    await offline.outbox.add('i', 'one', move('restored'));
    await offline.outbox.add('j', 'two', move('accepted'));
    const { outbox, sent } = made(shelf, [refused, taken]);
    await outbox.load();
    await outbox.flush();
    expect(sent.map((one) => one.move.to)).toEqual(['on_site', 'accepted']);
    expect(outbox.list().map((one) => [one.move.to, one.state])).toEqual([
      ['on_site', 'conflict'],
      ['restored', 'waiting'],
    ]);
    expect(outbox.list()[0]).toMatchObject({ found: 'cancelled', refusal: 'no' });
  });

  it('sends a refused answer again under a new key, with the time of the tap', async () => {
    const shelf = new Memory();
    const { outbox, sent } = made(shelf, [refused, taken]);
    await outbox.add('i', 'one', move('on_site'));
    await outbox.tryAgain('key-1');
    expect(sent.map((one) => one.key)).toEqual(['key-1', 'key-2']);
    expect(sent[1]?.move.at).toBe('2026-11-22T18:00:00Z');
    expect(outbox.list()).toEqual([]);
  });

  it('lets an answer go only when its author gives it up; what waited behind it then leaves', async () => {
    const shelf = new Memory();
    const { outbox, sent } = made(shelf, [refused, taken]);
    await outbox.add('i', 'one', move('on_site'));
    await outbox.add('i', 'one', move('paused'));
    expect(outbox.list()).toHaveLength(2);
    await outbox.giveUp('key-1');
    expect(sent.at(-1)?.move.to).toBe('paused');
    expect(outbox.list()).toEqual([]);
  });

  /** The server’s clock, once known; the telephone’s is `ahead_ms` ahead of it. */
  const clockAhead = (ahead_ms: number) => ({
    known_: false,
    known() {
      return this.known_;
    },
    now: () => Date.parse('2026-11-22T18:20:00Z'),
    corrected(local: number) {
      return this.known_ ? local - ahead_ms : local;
    },
  });
  const timed = (shelf: Shelf, outcomes: Outcome[], clock: ReturnType<typeof clockAhead>) => {
    const sent: Answer[] = [];
    let keys = 0;
    const send = async (answer: Answer) => {
      sent.push(answer);
      return outcomes.shift() ?? { kind: 'later' as const };
    };
    const network = { there: true };
    const post: Post = { send, reachable: () => network.there };
    return { sent, network, post, outbox: new Outbox(shelf, post, () => `key-${++keys}`, undefined, clock) };
  };
  const tooEarly: Outcome = { kind: 'refused', refusal: 'ahead', untimely: true };

  it('puts the time of a tap right by the server’s clock, and keeps what the telephone said', async () => {
    const clock = clockAhead(10 * 60_000);
    clock.known_ = true;
    const { outbox, sent } = timed(new Memory(), [taken], clock);
    await outbox.add('i', 'one', move('on_site'));
    expect(sent[0]?.move.at).toBe('2026-11-22T17:50:00.000Z');
    expect(sent[0]?.tapped).toBe('2026-11-22T18:00:00Z');
  });

  it('puts right, before it is first sent, what was tapped without network', async () => {
    const clock = clockAhead(-5 * 60_000);
    const { outbox, sent, network } = timed(new Memory(), [taken], clock);
    network.there = false;
    await outbox.add('i', 'one', move('on_site'));
    expect(sent).toEqual([]);
    network.there = true;
    clock.known_ = true;
    await outbox.flush();
    expect(sent[0]?.move.at).toBe('2026-11-22T18:05:00.000Z');
  });

  it('holds what bears the telephone’s time alone while the server’s may still come', async () => {
    const clock = clockAhead(-5 * 60_000);
    const { outbox, sent, post } = timed(new Memory(), [taken, taken], clock);
    post.awaitsTime = () => !clock.known_;
    await outbox.add('i', 'one', move('on_site'));
    await outbox.flush();
    expect(sent).toEqual([]);
    clock.known_ = true;
    await outbox.clockKnown();
    expect(sent.map((one) => one.move.at)).toEqual(['2026-11-22T18:05:00.000Z']);
  });

  it('holds nothing back that was put right before a reload, nor what was tried', async () => {
    const shelf = new Memory();
    const clock = clockAhead(-5 * 60_000);
    clock.known_ = true;
    const before = timed(shelf, [], clock);
    before.network.there = false;
    await before.outbox.add('i', 'one', move('on_site'));
    clock.known_ = false;
    const after = timed(shelf, [later, taken], clock);
    after.post.awaitsTime = () => true;
    await after.outbox.load();
    await after.outbox.flush();
    await after.outbox.flush();
    expect(after.sent.map((one) => one.move.at)).toEqual(['2026-11-22T18:05:00.000Z', '2026-11-22T18:05:00.000Z']);
  });

  it('waits for the server’s time as long as nothing answers, and a few seconds where requests alone are answered', () => {
    const clock = clockAhead(0);
    expect([undefined, 0, 7999, 8000].map((ms) => timeMayCome(clock, ms))).toEqual([true, true, true, false]);
    clock.known_ = true;
    expect(timeMayCome(clock, undefined)).toBe(false);
  });

  it('changes nothing under a key that may have reached the server', async () => {
    const shelf = new Memory();
    const clock = clockAhead(10 * 60_000);
    const { outbox, sent } = timed(shelf, [later, taken], clock);
    await outbox.add('i', 'one', move('on_site'));
    clock.known_ = true;
    await outbox.flush();
    expect(sent.map((one) => [one.key, one.move.at])).toEqual([
      ['key-1', '2026-11-22T18:00:00Z'],
      ['key-1', '2026-11-22T18:00:00Z'],
    ]);
  });

  it('sends again by itself, with the right time, what was refused for the telephone’s', async () => {
    const clock = clockAhead(10 * 60_000);
    const { outbox, sent } = timed(new Memory(), [tooEarly, taken], clock);
    await outbox.add('i', 'one', move('on_site'));
    expect(outbox.list()[0]).toMatchObject({ state: 'conflict', untimely: true });
    clock.known_ = true;
    await outbox.clockKnown();
    expect(sent.map((one) => [one.key, one.move.at])).toEqual([
      ['key-1', '2026-11-22T18:00:00Z'],
      ['key-2', '2026-11-22T17:50:00.000Z'],
    ]);
    expect(outbox.list()).toEqual([]);
  });

  it('never repeats a time that was refused: the right one, then that of now', async () => {
    const clock = clockAhead(10 * 60_000);
    clock.known_ = true;
    const { outbox, sent } = timed(new Memory(), [tooEarly, taken], clock);
    await outbox.add('i', 'one', move('on_site'));
    await outbox.tryAgain('key-1');
    expect(sent.map((one) => one.move.at)).toEqual(['2026-11-22T17:50:00.000Z', '2026-11-22T18:20:00.000Z']);
  });

  it('lets no step go back before the one sent before it', async () => {
    const clock = clockAhead(90_000);
    const { outbox, sent } = timed(new Memory(), [taken, taken], clock);
    await outbox.add('i', 'one', move('on_site'));
    clock.known_ = true;
    await outbox.add('i', 'one', { to: 'restored', at: '2026-11-22T18:01:00Z' });
    expect(sent[1]?.move.at).toBe('2026-11-22T18:00:00Z');
  });

  it('sends nobody’s answers in somebody else’s name', async () => {
    const shelf = new Memory();
    const first = made(shelf, []);
    first.outbox.author = 'karim';
    await first.outbox.add('i', 'one', move('on_site'));
    const second = made(shelf, [taken]);
    second.outbox.author = 'lea';
    await second.outbox.load();
    await second.outbox.flush();
    expect(second.sent).toEqual([]);
    second.outbox.author = 'karim';
    await second.outbox.flush();
    expect(second.sent.map((one) => one.by)).toEqual(['karim']);
  });

  it('stops at the door when the session is over, and loses nothing', async () => {
    const { outbox } = made(new Memory(), [{ kind: 'sign_in' }]);
    await outbox.add('i', 'one', move('on_site'));
    expect(outbox.needsSignIn).toBe(true);
    expect(outbox.list()).toHaveLength(1);
  });

  it.each([
    [200, undefined, 'taken'],
    [401, undefined, 'sign_in'],
    [429, undefined, 'later'],
    [503, undefined, 'later'],
    [409, 'cancelled', 'refused'],
    [409, 'on_site', 'taken'],
    [400, undefined, 'refused'],
    [403, undefined, 'refused'],
  ] as const)('understands %i (found %s) as %s', (status, found, kind) => {
    expect(outcomeOf(status, '', found, 'on_site').kind).toBe(kind);
  });
});

describe('what a crew has not seen', () => {
  const row = (id: string, state: InterventionState) => ({ id, state }) as Intervention;
  it('is what was sent to it since it last looked', () => {
    const rows = [row('a', 'assigned'), row('b', 'assigned'), row('c', 'en_route')];
    expect(newlySent(null, rows)).toEqual([]);
    expect(newlySent(new Set(['a']), rows).map((one) => one.id)).toEqual(['b']);
  });

  it('is told how wrong a telephone is, when somebody would notice', () => {
    expect([0, 59_000, -600_000, 300_000].map(minutesWrong)).toEqual([0, 0, 10, -5]);
  });
});

describe('what a crew may answer', () => {
  const row = { id: 'i', state: 'assigned', allowed: ['accepted', 'refused'] } as unknown as Intervention;
  const answer = (to: InterventionState, state: Answer['state'] = 'waiting'): Answer => ({
    key: to,
    intervention: 'i',
    by: '',
    title: '',
    move: move(to),
    order: 1,
    state,
  });

  it('is what the server allows, and never what is for the room', () => {
    expect(offered(row, [])).toEqual(['accepted', 'refused']);
    expect(offered({ ...row, allowed: ['cancelled', 'verified'] }, [])).toEqual([]);
  });

  it('goes on from the last answer while that waits to be sent', () => {
    expect(presentState(row, [answer('accepted')])).toBe('accepted');
    expect(offered(row, [answer('accepted')])).toContain('en_route');
  });

  it('ignores an answer that was refused', () => {
    expect(presentState(row, [answer('accepted', 'conflict')])).toBe('assigned');
  });
});
