import { describe, expect, it, vi } from 'vitest';
import { preferredLanguage } from '../i18n/index.ts';
import { inWords } from '../i18n/words.ts';
import { needsNote } from '../operations/reasons.ts';
import { age, distance, folded, number, unit } from '../ui/format.ts';

vi.stubGlobal('location', { search: '', pathname: '/', origin: 'http://localhost' });
vi.stubGlobal('document', { addEventListener: () => {}, hidden: false });
vi.stubGlobal('addEventListener', () => {});
const { readPlace, writePlace } = await import('../app/place.ts');
const { readView, writeView } = await import('../map/camera.ts');

const now = Date.parse('2026-11-22T18:00:00Z');
const before = (seconds: number) => new Date(now - seconds * 1000).toISOString();

describe('times and numbers', () => {
  it.each([
    [0, 'fr', '00:00'],
    [130, 'fr', '02:10'],
    [3599, 'fr', '59:59'],
    [3600, 'fr', '1 h 00'],
    [11_100, 'en', '3 h 05'],
    [187_200, 'fr', '2 j 4 h'],
    [187_200, 'en', '2 d 4 h'],
    [-5, 'fr', '00:00'],
  ])('%i seconds ago in %s is %s', (seconds, language, said) => {
    expect(age(before(seconds), now, language)).toBe(said);
  });

  it('says nothing where nothing is known', () => {
    expect(age(undefined, now, 'fr')).toBe('–');
    expect(age('not a time', now, 'fr')).toBe('–');
  });

  it('writes numbers, distances and units as people do', () => {
    expect(number(34012.5, 'fr')).toBe('34\u202f012,5');
    expect(distance(326, 'fr')).toBe('330 m');
    expect(distance(1240, 'fr')).toBe('1,2 km');
    expect(distance(1240, 'en')).toBe('1.2 km');
    expect(unit('degC')).toBe('°C');
    expect(unit('W')).toBe('W');
    expect(folded('Chenôve À')).toBe('chenove a');
  });
});

describe('the address', () => {
  it('says where the console is, and brings it back', () => {
    const address = '?tab=maintenance&desk=traffic&q=rue+monge&view=list&select=asset:PL:1&at=12.00/47.3/5.04';
    const place = readPlace(address);
    expect(place).toMatchObject({ tab: 'maintenance', desk: 'traffic', filter: 'rue monge', view: 'list' });
    expect(place.selection).toEqual({ type: 'asset', key: 'PL:1' });
    expect(writePlace(place)).toBe(address);
  });

  it('is empty at home, and does not believe nonsense', () => {
    expect(writePlace(readPlace(''))).toBe('');
    expect(readPlace('?tab=x&select=person:1&page=moon').selection).toBeNull();
    expect(writePlace(readPlace('?tab=x&page=moon'))).toBe('');
  });

  it('holds the view of the map', () => {
    expect(readView(writeView({ zoom: 12.5, lat: 47.32, lon: 5.04 }))).toEqual({ zoom: 12.5, lat: 47.32, lon: 5.04 });
    expect(readView('')).toBeNull();
    expect(readView('1/2')).toBeNull();
    expect(readView('a/b/c')).toBeNull();
  });
});

describe('languages and reasons', () => {
  it('follows the person, then the browser, then French', () => {
    expect(preferredLanguage('en', ['fr'])).toBe('en');
    expect(preferredLanguage(null, ['de-DE', 'en-GB', 'fr'])).toBe('en');
    expect(preferredLanguage(null, ['de'])).toBe('fr');
  });

  it('fills words in and chooses the plural', () => {
    const words = { queue: { new_one: '{{count}} nouvelle', new_other: '{{count}} nouvelles', since: 'à {{time}}' } };
    expect(inWords(words, 'fr', 'queue.new', { count: 0 })).toBe('0 nouvelle');
    expect(inWords(words, 'fr', 'queue.new', { count: 2 })).toBe('2 nouvelles');
    expect(inWords(words, 'fr', 'queue.new', { count: 1_000_000 })).toBe('1000000 nouvelles');
    expect(inWords(words, 'en', 'queue.new', { count: 0 })).toBe('0 nouvelles');
    expect(inWords(words, 'fr', 'queue.since', { time: '12:00' })).toBe('à 12:00');
    expect(inWords(words, 'fr', 'queue.none')).toBe('queue.none');
    expect(inWords(words, 'fr', 'queue.none', { defaultValue: 'x' })).toBe('x');
  });

  it('asks for words where a code does not say enough', () => {
    expect(needsNote('verified', 'override')).toBe(true);
    expect(needsNote('cancelled', 'other')).toBe(true);
    expect(needsNote('cancelled', 'duplicate')).toBe(false);
    expect(needsNote('refused', 'other')).toBe(false);
  });
});
