import i18next, { type TOptions } from 'i18next';
import { useSyncExternalStore } from 'react';

export type Language = 'fr' | 'en';
export type Text = { en: string; fr: string };

const key = 'vigie.language';
const listeners = new Set<() => void>();
let version = 0;

export function preferredLanguage(kept: string | null, offered: readonly string[]): Language {
  if (kept === 'fr' || kept === 'en') return kept;
  const first = offered.map((one) => one.slice(0, 2)).find((one) => one === 'fr' || one === 'en');
  return first === 'en' ? 'en' : 'fr';
}

type Words = { [key: string]: string | Words };

/** Each page brings its own words: the crew page is for telephones and must stay small. */
export async function startLanguage(words: Record<Language, Words>) {
  const language = preferredLanguage(localStorage.getItem(key), navigator.languages);
  await i18next.init({
    lng: language,
    fallbackLng: 'fr',
    resources: { fr: { translation: words.fr }, en: { translation: words.en } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = language;
  i18next.on('languageChanged', (next) => {
    document.documentElement.lang = next;
    version += 1;
    for (const listener of listeners) listener();
  });
}

export function setLanguage(language: Language) {
  localStorage.setItem(key, language);
  void i18next.changeLanguage(language);
}

export function language(): Language {
  return i18next.language === 'en' ? 'en' : 'fr';
}

export function t(word: string, values?: TOptions): string {
  return i18next.t(word, values);
}

/** A text that the server gives in both languages. */
export function said(text: Text | undefined): string {
  return text ? text[language()] || text.fr || text.en : '';
}

/** Words in the language of the screen; renews the component when that changes. */
export function useWords() {
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => version,
  );
  return { t, said, language: language() };
}
