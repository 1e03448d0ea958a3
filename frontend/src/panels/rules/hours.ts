/** Stretches of a week as people say them: these days, from then to then. Pure. */

import { type ClockWindow, DAY_MINUTES, WEEK_MINUTES } from '../../api/types';

/** On each of `days` (Monday is 0) from `start` to `end`; into the next day if `end` is not later. */
export interface DayWindow {
  days: number[];
  start: string;
  end: string;
}

type Stretch = [from: number, to: number];

const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** Minutes of "22:30"; null for what is no time of day. */
export function minuteOf(text: string): number | null {
  const match = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  if (!match) return null;
  const minute = Number(match[1]) * 60 + Number(match[2]);
  return Number(match[2]) < 60 && minute <= DAY_MINUTES ? minute : null;
}

/** Minutes of a week as windows of days; what runs over midnight into Monday is one again. */
export function windowsOf(hours: readonly Stretch[]): DayWindow[] {
  const days = joined(hours).flatMap(cut);
  return grouped(
    days.map(([from, to]) => {
      const end = (from % DAY_MINUTES) + (to - from);
      return {
        day: Math.floor(from / DAY_MINUTES),
        start: clock(from % DAY_MINUTES),
        end: clock(end > DAY_MINUTES ? end - DAY_MINUTES : end),
      };
    }),
  );
}

/** Windows of one day each, those of the same times together. */
export function grouped(windows: readonly ClockWindow[]): DayWindow[] {
  const found = new Map<string, DayWindow>();
  for (const { day, start, end } of windows) {
    const held = found.get(`${start} ${end}`) ?? { days: [], start, end };
    held.days = [...held.days, day].sort((a, b) => a - b);
    found.set(`${start} ${end}`, held);
  }
  return [...found.values()];
}

/** As the hub wants them; null where a window has no day or a time that is none. */
export function hoursOf(windows: readonly DayWindow[]): Stretch[] | null {
  const hours: Stretch[] = [];
  for (const { days, start, end } of windows) {
    const [from, to] = [minuteOf(start), minuteOf(end)];
    if (days.length === 0 || from === null || to === null || from === DAY_MINUTES) return null;
    for (const day of days) {
      const low = day * DAY_MINUTES + from;
      const high = day * DAY_MINUTES + to + (to <= from ? DAY_MINUTES : 0);
      hours.push([low, Math.min(high, WEEK_MINUTES)]);
      if (high > WEEK_MINUTES) hours.push([0, high - WEEK_MINUTES]);
    }
  }
  return hours.sort((a, b) => a[0] - b[0]);
}

/** Sunday's last stretch and Monday's first as one, where together they are a day at most. */
function joined(hours: readonly Stretch[]): Stretch[] {
  const last = hours.find(([from, to]) => to === WEEK_MINUTES && from > 0);
  const first = hours.find(([from, to]) => from === 0 && to < WEEK_MINUTES);
  if (!last || !first || WEEK_MINUTES - last[0] + first[1] > DAY_MINUTES) return [...hours];
  const rest = hours.filter((each) => each !== first && each !== last);
  return [...rest, [last[0], WEEK_MINUTES + first[1]]];
}

/** What is longer than a day, by days. */
function cut([from, to]: Stretch): Stretch[] {
  if (to - from <= DAY_MINUTES) return [[from, to]];
  const midnight = (Math.floor(from / DAY_MINUTES) + 1) * DAY_MINUTES;
  return [[from, midnight], ...cut([midnight, to])];
}

/** "Mon", … in a language, from Monday. */
export function dayNames(locale: string): string[] {
  const name = new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' });
  return Array.from({ length: 7 }, (_, day) => name.format(Date.UTC(2024, 0, 1 + day)));
}

/** "Jan", … in a language. */
export function monthNames(locale: string): string[] {
  const name = new Intl.DateTimeFormat(locale, { month: 'short', timeZone: 'UTC' });
  return Array.from({ length: 12 }, (_, month) => name.format(Date.UTC(2024, month, 1)));
}

/** "Mon–Fri 22:00–06:00, Sun 00:00–24:00". */
export function windowsText(windows: readonly DayWindow[], locale: string): string {
  const names = dayNames(locale);
  return windows.map(({ days, start, end }) => `${runs(days, names)} ${start}–${end}`).join(', ');
}

function runs(days: readonly number[], names: readonly string[]): string {
  const parts: string[] = [];
  for (let i = 0; i < days.length; ) {
    let j = i;
    while (days[j + 1] === (days[j] as number) + 1) j++;
    const [from, to] = [names[days[i] as number], names[days[j] as number]];
    parts.push(i === j ? `${from}` : j === i + 1 ? `${from} ${to}` : `${from}–${to}`);
    i = j + 1;
  }
  return parts.join(' ');
}
