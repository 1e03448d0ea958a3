import { describe, expect, it } from 'vitest';
import {
  age,
  bearing,
  compass,
  distance,
  kmh,
  localMoment,
  localTime,
  rate,
  seconds,
  utcTime,
} from './format';

const AT = Date.UTC(2026, 10, 24, 0, 13, 7);
const WARSAW = { locale: 'en', timeZone: 'Europe/Warsaw' };

describe('times', () => {
  it('are local with UTC beside, in 24 hours', () => {
    expect(localTime(AT, WARSAW)).toBe('01:13:07');
    expect(utcTime(AT)).toBe('00:13:07Z');
    expect(localTime(Date.UTC(2026, 10, 23, 23, 0, 0), WARSAW)).toBe('00:00:00');
  });

  it('carry their day when it is not today there', () => {
    const yesterday = AT - 3 * 3_600_000;
    expect(localMoment(AT, AT, WARSAW)).toBe('01:13:07');
    expect(localMoment(yesterday, AT, WARSAW)).toContain('Nov');
  });

  it('follow summer time', () => {
    expect(localTime(Date.UTC(2026, 6, 1, 0, 0, 0), WARSAW)).toBe('02:00:00');
  });
});

describe('numbers', () => {
  it('ages stay in a unit up to about a hundred of it', () => {
    expect(age(-2000)).toEqual({ n: 0, unit: 's' });
    expect(age(41_900)).toEqual({ n: 41, unit: 's' });
    expect(age(5 * 60_000)).toEqual({ n: 5, unit: 'min' });
    expect(age(26 * 3_600_000)).toEqual({ n: 26, unit: 'h' });
    expect(age(72 * 3_600_000)).toEqual({ n: 3, unit: 'd' });
  });

  it('bearings have three digits and never say 360', () => {
    expect(bearing(7.4)).toBe('007°');
    expect(bearing(359.7)).toBe('000°');
    expect(bearing(-90)).toBe('270°');
  });

  it('winds are the nearest of eight', () => {
    expect([0, 44, 91, 200, 350].map(compass)).toEqual(['n', 'ne', 'e', 's', 'n']);
  });

  it('distances are metric and no finer than they can be meant', () => {
    expect(distance(123, 'en')).toEqual({ n: '125', unit: 'm' });
    expect(distance(996, 'en')).toEqual({ n: '1.0', unit: 'km' });
    expect(distance(2345, 'uk')).toEqual({ n: '2,3', unit: 'km' });
    expect(distance(23_456, 'pl')).toEqual({ n: '23', unit: 'km' });
  });

  it('rates, speeds and lags are short', () => {
    expect(rate(4123, 'en')).toBe('4.1k');
    expect(rate(0, 'en')).toBe('0');
    expect(rate(12.4, 'en')).toBe('12');
    expect(kmh(1.4, 'en')).toBe('5.0');
    expect(kmh(11, 'en')).toBe('40');
    expect(seconds(180, 'en')).toBe('0.2');
  });
});
