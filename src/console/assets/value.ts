import type { Attribute, Kind, Property } from '../api/types.ts';
import { type Language, said, t } from '../i18n/index.ts';
import { number, unit } from '../ui/format.ts';

export function propertyOf(kind: Kind | undefined, code: string): Property | undefined {
  return kind?.properties.find((one) => one.code === code);
}

export function propertyName(kind: Kind | undefined, code: string): string {
  return said(propertyOf(kind, code)?.name) || code;
}

/** A value as a person reads it: with its unit, its code in words, yes or no. */
export function printed(value: unknown, property: Property | Attribute | undefined, language: Language): string {
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value)) return value.map((one) => number(Number(one), language, 5)).join(' ; ');
  if (property?.type === 'boolean' || typeof value === 'boolean') {
    return t(value === true || value === 1 || value === '1' || value === 'true' ? 'common.yes' : 'common.no');
  }
  if (property?.type === 'code' || typeof value === 'string') {
    const code =
      typeof value === 'number' ? property?.codes?.[value] : property?.codes?.find((one) => one.code === value);
    return said(code?.name) || String(code?.code ?? value);
  }
  if (typeof value === 'number') return `${number(value, language)} ${unit(property?.unit)}`.trim();
  return String(value);
}
