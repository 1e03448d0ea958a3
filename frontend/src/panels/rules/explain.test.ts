import type { TFunction } from 'i18next';
import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../api/types';
import { explained } from './explain';
import { momentOf } from './moment';

const t = ((key: string, params: Record<string, unknown> = {}) =>
  `${key} ${JSON.stringify(params)}`) as unknown as TFunction;
const SPOKEN = { locale: 'en', timeZone: 'UTC' };
const because = (predicate: string, asked: unknown, had: unknown, kind = 'enter') =>
  explained(t, { ...FOUND, kind, failed: { predicate, asked, had } }, SPOKEN);
const FOUND: Explanation = {
  rule: 'r',
  rule_version: 1,
  kind: 'enter',
  geofence: 'g',
  track: 7,
  at: '2026-11-24T02:13:00Z',
  fired: false,
  findings: [],
  failed: null,
  inputs: [],
};

describe('why a rule did not fire', () => {
  it('says when it did', () => {
    const findings = [{ at_us: Date.parse(FOUND.at) * 1000, evidence: {} }];
    const [said] = explained(t, { ...FOUND, fired: true, findings }, SPOKEN);
    expect(said).toBe('explain.fired {"track":7,"times":"02:13:00"}');
  });

  it('gives what was asked and what was there', () => {
    expect(because('min_hits', 5, 3)).toEqual(['explain.min_hits {"asked":5,"had":3}']);
    const [classes] = because('classes', { person: 0.8 }, [0.6, 0.399, 0, 0.001, 0]);
    expect(classes).toContain('class.person {} unit.percent');
    expect(classes).toContain('class.group');
    expect(classes).not.toContain('class.animal');
    expect(because('hours', [[480, 990]], 0)[0]).toContain('Mon 08:00–16:30');
    expect(because('armed', false, 0)[0]).toContain('explain.armed');
    expect(because('plots', 'within 60 s', null)[0]).toContain('"time":"02:13:00"');
  });

  it('says how near the condition came', () => {
    expect(because('condition', {}, { p_inside: 0.4 })).toEqual([
      'explain.not_enter {}',
      'explain.inside_at_best {"p":40}',
    ]);
    const [, side] = because('condition', {}, { z_from: -9, z_to: -2 }, 'cross');
    expect(side).toBe('explain.one_side {}');
    const [, both] = because('condition', {}, { z_from: -9, z_to: 0.4 }, 'cross');
    expect(both).toBe('explain.both_sides {}');
    expect(because('condition', {}, null, 'count').at(-1)).toBe('explain.alone {}');
  });
});

describe('a time as somebody types it', () => {
  const now = Date.parse('2026-11-26T02:00:00Z');

  it('is the last such time in the time zone of the sector', () => {
    const iso = (text: string, zone: string) => {
      const ms = momentOf(text, now, zone);
      return ms === null ? null : new Date(ms).toISOString();
    };
    expect(iso('2:13', 'UTC')).toBe('2026-11-25T02:13:00.000Z');
    expect(iso('01:59:30', 'UTC')).toBe('2026-11-26T01:59:30.000Z');
    expect(iso('02:13:07', 'Europe/Kyiv')).toBe('2026-11-26T00:13:07.000Z');
    expect(iso('04:13', 'Europe/Kyiv')).toBe('2026-11-25T02:13:00.000Z');
  });

  it('holds across a change of clocks', () => {
    // Kyiv leaves summer time on 25 October 2026 at 01:00 UTC.
    const after = Date.parse('2026-10-25T03:00:00Z');
    const ms = momentOf('02:30', after, 'Europe/Kyiv') as number;
    expect(new Date(ms).toISOString()).toBe('2026-10-24T23:30:00.000Z');
  });

  it('is refused when it is none', () => {
    for (const text of ['', '2', '24:00', '02:60', '02:13:61', 'noon'])
      expect(momentOf(text, now, 'UTC')).toBeNull();
  });
});
