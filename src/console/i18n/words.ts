// Looking words up, filling them in, and choosing the plural. Pure.
//
// The files are in the common JSON form of translation tools: nested keys, {{name}} for a value, and for a count a key
// with the suffix of its plural category (_one, _many, _other).

export type Words = { [key: string]: string | Words };
export type Values = { count?: number; defaultValue?: string } & Record<string, string | number | undefined>;

function found(words: Words, key: string): string | undefined {
  let here: string | Words | undefined = words;
  for (const part of key.split('.')) {
    if (typeof here !== 'object') return undefined;
    here = here[part];
  }
  return typeof here === 'string' ? here : undefined;
}

export function inWords(words: Words, language: string, key: string, values: Values = {}): string {
  const { count, defaultValue } = values;
  const plural = count === undefined ? undefined : new Intl.PluralRules(language).select(count);
  const text =
    (plural && (found(words, `${key}_${plural}`) ?? found(words, `${key}_other`))) ?? found(words, key) ?? defaultValue;
  // A word that is missing shows its key: seen at once, and still better than nothing.
  return (text ?? key).replace(/\{\{(\w+)\}\}/g, (_hole, name: string) => String(values[name] ?? ''));
}
