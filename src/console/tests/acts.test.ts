import { describe, expect, it, vi } from 'vitest';
import { becauseOf, isAlarmId } from '../alarms/causes.ts';
import { KeyOfAct } from '../api/keys.ts';
import { Problem, sentencesOf } from '../api/problem.ts';
import type { Alarm, Grant, NewContact, NewIncident } from '../api/types.ts';
import { may } from '../app/session.ts';
import { startLanguage } from '../i18n/index.ts';
import { type Doors, Opening } from '../operations/opening.ts';
import { ownershipActs } from '../operations/owner.ts';
import { isSigned } from '../ui/author.ts';

function numbered() {
  let count = 0;
  return () => `key-${++count}`;
}

describe('the key of an act', () => {
  it('stays while the same is asked, and changes with what is asked', () => {
    const key = new KeyOfAct(numbered());
    expect(['a', 'a', 'b', 'b', 'a'].map((body) => key.of({ body }))).toEqual([
      'key-1',
      'key-1',
      'key-2',
      'key-2',
      'key-3',
    ]);
  });
});

describe('opening an incident from a call', () => {
  const contact: NewContact = { channel: 'phone', summary: 'Un arbre' };
  /** As the server: under one key one body, 422 for another. */
  function server() {
    const bodies = new Map<string, string>();
    const sent: string[] = [];
    const take = (what: string, body: unknown, key: string) => {
      const text = JSON.stringify(body);
      sent.push(`${what} ${key}`);
      if ((bodies.get(key) ?? text) !== text) throw new Problem(422, { type: '', title: 'key used', status: 422 });
      bodies.set(key, text);
    };
    const doors: Doors = {
      contact: async (body, key) => {
        take('contact', body, key);
        return { id: 'c1' };
      },
      incident: async (body, key) => {
        take('incident', body, key);
        if (!body.desk) throw new Problem(422, { type: '', title: 'no desk', status: 422 });
        expect(body.contact).toBe('c1');
        return { number: 12 };
      },
    };
    return { doors, sent };
  }

  it('can be mended after a refusal, without a second contact', async () => {
    const { doors, sent } = server();
    const opening = new Opening(doors, numbered());
    const wanted: NewIncident = { title: 'Arbre' };
    await expect(opening.submit(contact, wanted)).rejects.toThrow('no desk');
    expect(opening.kept).toBe('c1');
    await expect(opening.submit(contact, { ...wanted, desk: 'citizen' })).resolves.toBe(12);
    expect(sent).toEqual(['contact key-1', 'incident key-2', 'incident key-3']);
  });

  it('ends with the contact when the call was answered at once', async () => {
    const { doors, sent } = server();
    await expect(new Opening(doors, numbered()).submit({ ...contact, answered: true }, {})).resolves.toBeNull();
    expect(sent).toEqual(['contact key-1']);
  });
});

describe('rights', () => {
  const grant = (level: Grant['level'], service: string, more: Partial<Grant> = {}): Grant => ({
    level,
    service,
    ...more,
  });
  const now = Date.parse('2026-11-22T18:00:00Z');
  const reaches = (grants: Grant[], level: Grant['level'], commune?: string) =>
    may({ grants }, level, 'operations', commune, now);

  it('are those of the grants: a director sees and does not act', () => {
    const director = [grant('view', 'operations'), grant('manage', 'logbook')];
    expect([reaches(director, 'view'), reaches(director, 'operate')]).toEqual([true, false]);
    expect(reaches([grant('manage', 'operations')], 'operate')).toBe(true);
  });

  it('end at the border of a commune and with their time', () => {
    const there = [grant('operate', 'operations', { commune: '21231' })];
    expect([reaches(there, 'operate', '21231'), reaches(there, 'operate', '21515')]).toEqual([true, false]);
    expect(reaches([grant('operate', 'operations', { until: '2026-11-22T18:00:00Z' })], 'operate')).toBe(false);
    expect(reaches([grant('operate', 'operations', { from: '2026-11-22T19:00:00Z' })], 'operate')).toBe(false);
  });

  it('give a supervisor somebody else’s claim to release, and nobody a claim that is taken', () => {
    const taken = { status: 'open', owner: 'dominique' } as const;
    const operator = (level: string) => level === 'operate';
    const nobody = () => false;
    expect(ownershipActs(taken, 'camille', () => true)).toEqual({ claim: false, release: 'another', work: true });
    expect(ownershipActs(taken, 'lea', operator)).toEqual({ claim: false, release: null, work: true });
    expect(ownershipActs(taken, 'dominique', operator)).toEqual({ claim: false, release: 'own', work: true });
    expect(ownershipActs({ status: 'open' }, 'lea', operator).claim).toBe(true);
    expect(ownershipActs({ status: 'open' }, 'rene', nobody)).toEqual({ claim: false, release: null, work: false });
    expect(ownershipActs({ ...taken, status: 'closed' }, 'camille', () => true).release).toBeNull();
  });
});

describe('what a refusal says', () => {
  const words = { field: { said: '{{label}} : {{message}}', note: 'Note' } };
  it('is its sentences, with the label of the field and never a pointer', () => {
    vi.stubGlobal('localStorage', { getItem: () => 'fr' });
    vi.stubGlobal('document', { documentElement: {} });
    vi.stubGlobal('navigator', { languages: ['fr'] });
    startLanguage({ fr: words, en: words });
    const errors = [
      { pointer: '/note', message: 'Ce motif demande une note.' },
      { pointer: '/position/0', message: 'Hors de la Terre.' },
    ];
    expect(sentencesOf({ errors }, 'Demande refusée.')).toBe(
      'Demande refusée.\nNote : Ce motif demande une note.\nHors de la Terre.',
    );
    expect(sentencesOf({ errors: errors.slice(0, 1) }, 'Ce motif demande une note.')).toBe(
      'Note : Ce motif demande une note.',
    );
  });
});

describe('the record', () => {
  it('shows who wrote an entry whatever names its text holds', () => {
    expect(['note', 'alarm_acknowledged', 'incident_opened', 'incident_closed', 'correction'].every(isSigned)).toBe(
      true,
    );
    expect(isSigned('incident_claimed')).toBe(false);
  });
});

describe('why an asset is as it is', () => {
  const alarm = (id: string, asset: string, change: Partial<Alarm> = {}): Alarm =>
    ({ id, asset, raises: 'alarm', active: true, state: 'unacknowledged', ...change }) as Alarm;

  it('names the alarm that hides its own, and what is open on what feeds it', () => {
    const trip = alarm('trip', 'ARM-1');
    const door = alarm('door', 'ARM-1');
    const own = alarm('own', 'LAMP', { state: 'suppressed', suppressed_by: 'trip' });
    const said = becauseOf([own, door, trip, alarm('else', 'ARM-2')], 'LAMP', ['CIR-1', 'ARM-1']);
    expect(said.causes).toEqual(['trip']);
    expect(said.upstream.map((one) => one.id)).toEqual(['door']);
    expect(becauseOf([alarm('gone', 'ARM-1', { active: false })], 'LAMP', ['ARM-1']).upstream).toEqual([]);
  });

  it('tells an alarm from a word of the record', () => {
    expect(
      ['0192fe3a-77aa-7c11-9d1b-0a1b2c3d4e5f', '00000000000000a7', 'life_stage', 'rule_gone'].map(isAlarmId),
    ).toEqual([true, true, false, false]);
  });
});
