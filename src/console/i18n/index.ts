import { useSyncExternalStore } from 'react';
import { inWords, type Values, type Words } from './words.ts';

export type Language = 'fr' | 'en';
export type Text = { en: string; fr: string };

const key = 'vigie.language';
const listeners = new Set<() => void>();
let present: Language = 'fr';
let all: Record<Language, Words> = { fr: {}, en: {} };

export function preferredLanguage(kept: string | null, offered: readonly string[]): Language {
  if (kept === 'fr' || kept === 'en') return kept;
  const first = offered.map((one) => one.slice(0, 2)).find((one) => one === 'fr' || one === 'en');
  return first === 'en' ? 'en' : 'fr';
}

function speak(language: Language) {
  present = language;
  document.documentElement.lang = language;
  for (const listener of listeners) listener();
}

/** Each page brings its own words: the crew page is for telephones and must stay small. */
export function startLanguage(words: Record<Language, Words>) {
  all = words;
  speak(preferredLanguage(localStorage.getItem(key), navigator.languages));
}

export function setLanguage(language: Language) {
  localStorage.setItem(key, language);
  speak(language);
}

export function language(): Language {
  return present;
}

export function t(word: string, values?: Values): string {
  return inWords(all[present], present, word, values);
}

/** A text that the server gives in both languages. */
export function said(text: Text | undefined): string {
  return text ? text[present] || text.fr || text.en : '';
}

/** Words in the language of the screen; renews the component when that changes. */
export function useWords() {
  const language = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => present,
  );
  return { t, said, language };
}
