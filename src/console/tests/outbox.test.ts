import { describe, expect, it } from 'vitest';
import type { Intervention, InterventionState } from '../api/types.ts';
import { type Answer, Outbox, type Outcome, outcomeOf, type Shelf } from '../crew/outbox.ts';
import { offered, presentState } from '../crew/steps.ts';

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
