/** Times, distances and counts as people read them: local time with UTC beside, metric, true
 * bearings in three digits, every number with its unit. */

export interface Spoken {
  locale: string;
  timeZone: string;
}

const cache = new Map<string, Intl.DateTimeFormat>();

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale}${JSON.stringify(options)}`;
  let found = cache.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, options);
    cache.set(key, found);
  }
  return found;
}

const TIME: Intl.DateTimeFormatOptions = {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
};

export const localTime = (ms: number, { locale, timeZone }: Spoken): string =>
  formatter(locale, { ...TIME, timeZone }).format(ms);

export const localMinute = (ms: number, { locale, timeZone }: Spoken): string =>
  formatter(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone }).format(ms);

export const localDay = (ms: number, { locale, timeZone }: Spoken): string =>
  formatter(locale, { day: 'numeric', month: 'short', timeZone }).format(ms);

/** `00:13:07Z`. */
export const utcTime = (ms: number): string => `${new Date(ms).toISOString().slice(11, 19)}Z`;

/** The time, with its day when that is not today. */
export function localMoment(ms: number, now: number, spoken: Spoken): string {
  const sameDay = localDay(ms, spoken) === localDay(now, spoken);
  const time = localTime(ms, spoken);
  return sameDay ? time : `${localDay(ms, spoken)}, ${time}`;
}

export type AgeUnit = 's' | 'min' | 'h' | 'd';

/** An age in its largest sensible unit; below zero counts as zero (clocks differ a little). */
export function age(ms: number): { n: number; unit: AgeUnit } {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 100) return { n: s, unit: 's' };
  if (s < 100 * 60) return { n: Math.floor(s / 60), unit: 'min' };
  if (s < 48 * 3600) return { n: Math.floor(s / 3600), unit: 'h' };
  return { n: Math.floor(s / 86_400), unit: 'd' };
}

const number = (value: number, locale: string, digits: number): string =>
  new Intl.NumberFormat(locale, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);

export function distance(m: number, locale: string): { n: string; unit: 'm' | 'km' } {
  if (m < 995) return { n: number(Math.round(m / 5) * 5, locale, 0), unit: 'm' };
  return { n: number(m / 1000, locale, m < 9_950 ? 1 : 0), unit: 'km' };
}

/** `047°`, clockwise from true north. */
export const bearing = (deg: number): string =>
  `${String(Math.round(((deg % 360) + 360) % 360) % 360).padStart(3, '0')}°`;

export type Compass = 'n' | 'ne' | 'e' | 'se' | 's' | 'sw' | 'w' | 'nw';
const WINDS: Compass[] = ['n', 'ne', 'e', 'se', 's', 'sw', 'w', 'nw'];

export const compass = (deg: number): Compass =>
  WINDS[Math.round((((deg % 360) + 360) % 360) / 45) % 8] as Compass;

/** km/h; one decimal at walking pace. */
export const kmh = (mps: number, locale: string): string =>
  number(mps * 3.6, locale, mps * 3.6 < 9.95 ? 1 : 0);

export const percent = (share: number): number => Math.round(share * 100);

/** Decimal degrees, latitude first, about 1 m fine. */
export const coordinates = (lon: number, lat: number): string =>
  `${lat.toFixed(5)}, ${lon.toFixed(5)}`;

/** `4.1k`, `12`, `0.4`. */
export function rate(perSecond: number, locale: string): string {
  if (perSecond >= 1000) return `${number(perSecond / 1000, locale, perSecond < 99_950 ? 1 : 0)}k`;
  return number(perSecond, locale, perSecond > 0 && perSecond < 9.95 ? 1 : 0);
}

/** `1,234,567`. */
export const count = (n: number, locale: string): string => number(n, locale, 0);

/** `+0.2`, `−3,600`: seconds with their sign. */
export const signedSeconds = (ms: number, locale: string): string =>
  new Intl.NumberFormat(locale, { signDisplay: 'exceptZero', maximumFractionDigits: 1 }).format(
    ms / 1000,
  );

/** Seconds with one decimal below ten: `0.2`. */
export const seconds = (ms: number, locale: string): string =>
  number(ms / 1000, locale, ms < 9_950 ? 1 : 0);
