/** A time of day as somebody types it, in the sector's time zone, as an instant; pure. */

const DAY_MS = 86_400_000;

/** How far a zone's clocks are ahead of UTC at an instant, in ms. */
function aheadMs(ms: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(ms);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const wall = Date.UTC(
    of('year'),
    of('month') - 1,
    of('day'),
    of('hour'),
    of('minute'),
    of('second'),
  );
  return wall - Math.floor(ms / 1000) * 1000;
}

/** The last time before `now` that a clock on the wall showed "2:13" or "02:13:07"; null: no time. */
export function momentOf(text: string, now: number, timeZone: string): number | null {
  const match = /^\s*(\d{1,2}):(\d{2})(?::(\d{2}))?\s*$/.exec(text);
  if (!match) return null;
  const [h, m, s] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (h > 23 || m > 59 || s > 59) return null;
  const wallNow = now + aheadMs(now, timeZone);
  const midnight = Math.floor(wallNow / DAY_MS) * DAY_MS;
  let wall = midnight + ((h * 60 + m) * 60 + s) * 1000;
  if (wall > wallNow) wall -= DAY_MS;
  const guess = wall - aheadMs(now, timeZone);
  return wall - aheadMs(guess, timeZone);
}
