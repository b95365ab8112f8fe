import { describe, expect, it } from 'vitest';
import { Painter } from '../live/painter.ts';
import { Rows } from '../live/rows.ts';

class Screen {
  time = 0;
  dark = false;
  planned: { at: number; act: () => void }[] = [];
  painter = new Painter({
    now: () => this.time,
    later: (ms, act) => {
      const one = { at: this.time + ms, act };
      this.planned.push(one);
      return () => {
        this.planned = this.planned.filter((other) => other !== one);
      };
    },
    hidden: () => this.dark,
  });
  pass(ms: number) {
    this.time += ms;
    const due = this.planned.filter((one) => one.at <= this.time);
    this.planned = this.planned.filter((one) => one.at > this.time);
    for (const one of due) one.act();
  }
}

type Row = { id: string; version: number; open: boolean };
const rowsOn = (screen: Screen) =>
  new Rows<Row>(
    screen.painter,
    (row) => row.id,
    (row) => row.version,
    (row) => row.open,
  );
const row = (id: string, version = 1, open = true): Row => ({ id, version, open });

describe('painting', () => {
  it('paints at once, then twice a second at most', () => {
    const screen = new Screen();
    let painted = 0;
    const paint = () => {
      painted += 1;
    };
    for (let step = 0; step < 200; step += 1) {
      screen.painter.touch(paint);
      screen.pass(10);
    }
    expect(painted).toBe(4);
  });

  it('rests while nobody looks, and shows all of it when somebody does', () => {
    const screen = new Screen();
    const rows = rowsOn(screen);
    screen.dark = true;
    rows.apply([row('a')], []);
    screen.pass(10_000);
    expect(rows.all()).toEqual([]);
    screen.dark = false;
    screen.painter.visibilityChanged();
    expect(rows.all().map((one) => one.id)).toEqual(['a']);
  });
});

describe('rows', () => {
  it('take changes whole, let go of what is removed or closed', () => {
    const screen = new Screen();
    const rows = rowsOn(screen);
    rows.replace([row('a'), row('b'), row('c')]);
    rows.apply([row('a', 2), row('c', 2, false)], ['b']);
    screen.pass(0);
    expect(rows.all()).toEqual([row('a', 2)]);
  });

  it('keep the newer of two versions: an answer may overtake the stream', () => {
    const screen = new Screen();
    const rows = rowsOn(screen);
    rows.put(row('a', 5));
    rows.apply([row('a', 4)], []);
    screen.pass(1000);
    expect(rows.get('a')?.version).toBe(5);
  });

  it('show what a person did at once', () => {
    const screen = new Screen();
    const rows = rowsOn(screen);
    rows.replace([row('a')]);
    screen.pass(0);
    rows.put(row('b'));
    expect(rows.all()).toHaveLength(2);
  });

  it('tell an emptiness that is known from one that is not', () => {
    const screen = new Screen();
    const rows = rowsOn(screen);
    expect(rows.standing()).toBe('loading');
    rows.refuse(503);
    screen.pass(0);
    expect(rows.standing()).toBe('unavailable');
    rows.replace([]);
    screen.pass(1000);
    expect(rows.standing()).toBe('known');
  });

  it('keep what they had through a breakdown, and nothing when the right is gone', () => {
    const screen = new Screen();
    const rows = rowsOn(screen);
    rows.replace([row('a')]);
    rows.refuse(503);
    screen.pass(0);
    expect([rows.all().length, rows.standing()]).toEqual([1, 'unavailable']);
    rows.refuse(403);
    screen.pass(1000);
    expect([rows.all().length, rows.standing()]).toEqual([0, 'forbidden']);
  });

  it('tell of a change at once to who must hear it while nobody looks', () => {
    const screen = new Screen();
    screen.dark = true;
    const rows = rowsOn(screen);
    let told = 0;
    rows.watch(() => {
      told += 1;
    });
    rows.apply([row('a')], []);
    expect([told, [...rows.unpainted()].length, rows.all().length]).toEqual([1, 1, 0]);
  });

  it('hand out the same list until it is painted anew', () => {
    const screen = new Screen();
    const rows = rowsOn(screen);
    rows.replace([row('a')]);
    screen.pass(0);
    const before = rows.all();
    rows.apply([row('b')], []);
    expect(rows.all()).toBe(before);
  });
});
