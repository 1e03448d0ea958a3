import { describe, expect, it } from 'vitest';
import { type DayWindow, hoursOf, minuteOf, windowsOf, windowsText } from './hours';

const NIGHTS: DayWindow = { days: [0, 1, 2, 3, 4, 5, 6], start: '22:00', end: '06:00' };

describe('the hours of a rule', () => {
  it('are what the hub wants, cut where the week ends', () => {
    expect(hoursOf([{ days: [0], start: '08:00', end: '16:30' }])).toEqual([[480, 990]]);
    const nights = hoursOf([NIGHTS]);
    expect(nights).toHaveLength(8);
    expect(nights?.[0]).toEqual([0, 360]);
    expect(nights?.at(-1)).toEqual([6 * 1440 + 1320, 10_080]);
  });

  it('come back as they were said', () => {
    const said: DayWindow[][] = [
      [],
      [NIGHTS],
      [{ days: [0, 1, 2, 3, 4], start: '08:00', end: '16:30' }],
      [{ days: [5, 6], start: '00:00', end: '24:00' }],
      [{ days: [2], start: '09:00', end: '09:00' }],
      [
        { days: [1], start: '01:00', end: '02:00' },
        { days: [1], start: '03:00', end: '04:00' },
      ],
    ];
    for (const windows of said) expect(windowsOf(hoursOf(windows) ?? [])).toEqual(windows);
  });

  it('that are longer than a day are told day by day', () => {
    expect(windowsOf([[600, 3 * 1440]])).toEqual([
      { days: [0], start: '10:00', end: '24:00' },
      { days: [1, 2], start: '00:00', end: '24:00' },
    ]);
  });

  it('are refused without a day or with a time that is none', () => {
    for (const wrong of [{ days: [] }, { start: '25:00' }, { end: '6' }, { start: '24:00' }]) {
      expect(hoursOf([{ ...NIGHTS, ...wrong }])).toBeNull();
    }
    expect(minuteOf('12:60')).toBeNull();
    expect(minuteOf('24:00')).toBe(1440);
  });

  it('are said with runs of days', () => {
    const days = { days: [0, 1, 2, 4, 5], start: '08:00', end: '16:30' };
    expect(windowsText([days], 'en')).toBe('Mon–Wed Fri Sat 08:00–16:30');
  });
});
