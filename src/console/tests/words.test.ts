import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import crewEn from '../i18n/crew.en.json';
import crewFr from '../i18n/crew.fr.json';
import en from '../i18n/en.json';
import fr from '../i18n/fr.json';

type Words = { [key: string]: string | Words };

function keys(words: Words, before = ''): string[] {
  return Object.entries(words).flatMap(([name, value]) =>
    typeof value === 'string' ? [before + name] : keys(value, `${before}${name}.`),
  );
}

const top = join(import.meta.dirname, '..');

function sources(folder: string): string[] {
  return readdirSync(join(top, folder))
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => readFileSync(join(top, folder, name), 'utf8'));
}

/** Words asked for by their full name; those put together while running are found by their beginning. */
function asked(folders: string[]): { whole: string[]; begun: string[] } {
  const text = folders.flatMap(sources).join('\n');
  const whole = [...text.matchAll(/\bt\(\s*'([a-z_.0-9]+)'/g)].map((found) => found[1]!);
  const begun = [...text.matchAll(/\bt\(\s*`([a-z_.0-9]+)\$\{/g)].map((found) => found[1]!);
  return { whole: [...new Set(whole)], begun: [...new Set(begun)] };
}

const known = (all: string[], word: string) => all.includes(word) || all.includes(`${word}_other`);

describe.each([
  ['console', fr, en, ['api', 'app', 'alarms', 'assets', 'logbook', 'map', 'operations', 'ui']],
  ['crew page', crewFr, crewEn, ['api', 'crew']],
] as const)('the words of the %s', (_name, french, english, folders) => {
  it('are the same in both languages', () => {
    expect(keys(english)).toEqual(keys(french));
  });

  it('hold everything that is asked for', () => {
    const all = keys(french);
    const { whole, begun } = asked([...folders]);
    expect(whole.length).toBeGreaterThan(10);
    expect(whole.filter((word) => !known(all, word))).toEqual([]);
    expect(begun.filter((start) => !all.some((word) => word.startsWith(start)))).toEqual([]);
  });

  it('take the same values in both languages', () => {
    const holes = (words: Words) =>
      JSON.stringify(words)
        .match(/\{\{\w+\}\}/g)
        ?.sort();
    expect(holes(english)).toEqual(holes(french));
  });
});
