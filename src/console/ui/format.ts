// Times and numbers for people. Every function takes the instant it compares with: the clock is an argument.

/** A control room reads 24 hours, in English as well. */
export function localeOf(language: string): string {
  return language.startsWith('fr') ? 'fr-FR' : 'en-GB';
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const two = (value: number) => String(value).padStart(2, '0');

/** How long ago, as a control room reads it: 02:10 (minutes and seconds), 3 h 05, 2 j 4 h. */
export function age(from: string | number | undefined, now: number, language: string): string {
  if (from === undefined) return '–';
  const ms = Math.max(0, now - (typeof from === 'number' ? from : Date.parse(from)));
  if (Number.isNaN(ms)) return '–';
  if (ms < hour) return `${two(Math.floor(ms / minute))}:${two(Math.floor((ms % minute) / second))}`;
  if (ms < day) return `${Math.floor(ms / hour)} h ${two(Math.floor((ms % hour) / minute))}`;
  const dayLetter = language.startsWith('fr') ? 'j' : 'd';
  return `${Math.floor(ms / day)} ${dayLetter} ${Math.floor((ms % day) / hour)} h`;
}

/** The same in seconds already counted (positions carry their age). */
export function ageOfSeconds(seconds: number | undefined, language: string): string {
  return seconds === undefined ? '–' : age(0, seconds * second, language);
}

/** Hour and minute today, with the date otherwise. */
export function moment(at: string | undefined, now: number, language: string, seconds = false): string {
  if (!at) return '–';
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return '–';
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
  if (seconds) time.second = '2-digit';
  const sameDay = when.toDateString() === new Date(now).toDateString();
  const options: Intl.DateTimeFormatOptions = sameDay ? time : { day: '2-digit', month: '2-digit', ...time };
  return new Intl.DateTimeFormat(localeOf(language), options).format(when);
}

export function clock(now: number, language: string): string {
  return new Intl.DateTimeFormat(localeOf(language), { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(
    now,
  );
}

export function number(value: number, language: string, digits = 2): string {
  return new Intl.NumberFormat(localeOf(language), { maximumFractionDigits: digits }).format(value);
}

/** 80 m, 1,2 km: the nearest ten metres are all that a position is good for. */
export function distance(metres: number, language: string): string {
  if (metres < 1000) return `${Math.round(metres / 10) * 10} m`;
  return `${number(metres / 1000, language, 1)} km`;
}

/** Units as they are printed; the contract names them in ASCII. */
export function unit(code: string | undefined): string {
  const printed: Record<string, string> = {
    degC: '°C',
    ug_m3: 'µg/m³',
    'ug/m3': 'µg/m³',
    'mg/m3': 'mg/m³',
    kmh: 'km/h',
    percent: '%',
    deg: '°',
    m_s: 'm/s',
  };
  return code ? (printed[code] ?? code) : '';
}

/** Accents and case do not matter to somebody who types in a hurry. */
export function folded(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase();
}
