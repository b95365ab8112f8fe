import { describe, expect, it } from 'vitest';
import { ServerClock } from '../live/clock.ts';

const at = (ms: number) => new Date(ms).toISOString();

describe('the server’s clock', () => {
  it('is this machine’s own until the server says otherwise', () => {
    const clock = new ServerClock(() => 5000);
    expect([clock.known(), clock.offset(), clock.now()]).toEqual([false, 0, 5000]);
    clock.hear(undefined);
    clock.hear('soon');
    expect(clock.known()).toBe(false);
  });

  it('corrects a machine that is three minutes ahead, by the message that came quickest', () => {
    let local = 1_000_000;
    const clock = new ServerClock(() => local);
    for (const late of [900, 5, 400]) {
      clock.hear(at(local - 180_000 - late));
      local += 5000;
    }
    expect(clock.offset()).toBe(-180_005);
    expect(clock.now()).toBe(local - 180_005);
    expect(clock.corrected(10_000_000)).toBe(10_000_000 - 180_005);
  });

  it('forgets what it learnt before the machine’s clock was set', () => {
    let local = 1_000_000;
    const clock = new ServerClock(() => local);
    clock.hear(at(local + 180_000));
    local += 180_000;
    clock.hear(at(local - 3));
    expect(clock.offset()).toBe(-3);
  });
});
