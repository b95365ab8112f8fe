import { describe, expect, it } from 'vitest';
import type { Alarm, Incident, Intervention } from '../api/types.ts';
import { held, moved } from '../operations/anchor.ts';
import { countByPriority, interventionsOf, matches, noticesOf, queueOf } from '../operations/queue.ts';

const alarm = (id: string, change: Partial<Alarm> = {}): Alarm => ({
  id,
  asset: `A-${id}`,
  kind: 'signal_junction',
  rule: 'r',
  name: { fr: 'Carrefour à l’extinction', en: 'Junction extinguished' },
  response: { fr: '', en: '' },
  raises: 'alarm',
  priority: 2,
  state: 'unacknowledged',
  active: true,
  raised_at: '2026-11-22T18:00:00Z',
  learnt_late: false,
  occurrences: 1,
  desk: 'traffic',
  version: 1,
  ...change,
});
const incident = (number: number, change: Partial<Incident> = {}): Incident => ({
  number,
  title: 'Arbre tombé',
  desk: 'citizen',
  priority: 3,
  status: 'open',
  opened_at: '2026-11-22T18:00:00Z',
  version: 1,
  ...change,
});
const all = { desk: '', show: '', filter: '' };
const keys = (entries: { key: string }[]) => entries.map((one) => one.key);

describe('the queue', () => {
  it('puts the worst first, then the oldest', () => {
    const alarms = [alarm('new', { raised_at: '2026-11-22T19:00:00Z' }), alarm('old'), alarm('worst', { priority: 1 })];
    expect(keys(queueOf(alarms, [incident(7, { priority: 2, opened_at: '2026-11-22T17:00:00Z' })], all))).toEqual([
      'alarm:worst',
      'incident:7',
      'alarm:old',
      'alarm:new',
    ]);
  });

  it('moves nothing when somebody acknowledges or claims', () => {
    const before = keys(queueOf([alarm('a'), alarm('b')], [incident(1)], all));
    const after = keys(
      queueOf([alarm('a', { state: 'acknowledged' }), alarm('b')], [incident(1, { owner: 'x' })], all),
    );
    expect(after).toEqual(before);
  });

  it('never shows maintenance notices or suppressed alarms as alarms', () => {
    const alarms = [alarm('n', { raises: 'maintenance' }), alarm('s', { state: 'suppressed', suppressed_by: 'x' })];
    expect(queueOf(alarms, [], all)).toEqual([]);
    expect(keys(noticesOf(alarms, all))).toEqual(['alarm:n']);
    expect(countByPriority(alarms)).toEqual({ 1: 0, 2: 0, 3: 0, 4: 0 });
  });

  it('shows an alarm with its incident, and by itself when alarms are asked for', () => {
    const alarms = [alarm('a', { incident: 7 })];
    expect(keys(queueOf(alarms, [incident(7)], all))).toEqual(['incident:7']);
    expect(keys(queueOf(alarms, [incident(7)], { ...all, show: 'alarms' }))).toEqual(['alarm:a']);
  });

  it('shows an alarm again once its incident is closed: what stays or returns has nobody', () => {
    const alarms = [alarm('stays', { incident: 7, state: 'acknowledged' }), alarm('back', { incident: 7 })];
    expect(keys(queueOf(alarms, [], all))).toEqual(['alarm:back', 'alarm:stays']);
    expect(keys(queueOf(alarms, [incident(8)], all))).toEqual(['alarm:back', 'alarm:stays', 'incident:8']);
  });

  it('keeps interventions at the desk of their incident, and hides none whose incident is not known', () => {
    const row = (id: string, number: number): Intervention =>
      ({ id, incident: number, incident_title: 'Arbre', crew: 'EQ1', priority: 3, created_at: id }) as Intervention;
    const rows = [row('2026-11-22T18:00:00Z', 1), row('2026-11-22T18:01:00Z', 2), row('2026-11-22T18:02:00Z', 3)];
    const deskOf = (number: number) => ({ 1: 'traffic', 2: 'citizen' })[number];
    const shown = (desk: string) => interventionsOf(rows, deskOf, { desk, filter: '' }).map((one) => one.incident);
    expect(shown('')).toEqual([1, 2, 3]);
    expect(shown('citizen')).toEqual([2, 3]);
    expect(interventionsOf(rows, deskOf, { desk: '', filter: 'poteau' })).toEqual([]);
  });

  it('filters by desk, by what waits, and by words without accents', () => {
    const alarms = [alarm('a'), alarm('b', { state: 'acknowledged' }), alarm('c', { desk: 'police' })];
    expect(keys(queueOf(alarms, [], { ...all, desk: 'traffic', show: 'waiting' }))).toEqual(['alarm:a']);
    expect(keys(queueOf(alarms, [incident(3)], { ...all, filter: 'TOMBE arbre' }))).toEqual(['incident:3']);
    expect(matches('Carrefour à l’extinction', 'carrefour a')).toBe(true);
    expect(matches('Carrefour', 'carrefour feux')).toBe(false);
  });
});

describe('what the operator looks at', () => {
  const rows = ['a', 'b', 'c', 'd', 'e'];
  it('stays where it is while rows come in above', () => {
    const anchor = held(rows, 110, 50)!;
    expect(anchor).toEqual({ key: 'c', offset: 10 });
    expect(moved(new Set(rows), ['x', 'a', 'y', 'b', 'c', 'd', 'e'], anchor, 50)).toEqual({
      scrollTop: 210,
      newAbove: 2,
    });
  });

  it('stays where it is while rows leave above', () => {
    expect(moved(new Set(rows), ['c', 'd', 'e'], { key: 'c', offset: 10 }, 50)).toEqual({ scrollTop: 10, newAbove: 0 });
  });

  it('lets go of a row that left', () => {
    expect(moved(new Set(rows), ['a'], { key: 'c', offset: 0 }, 50)).toBeNull();
  });
});
