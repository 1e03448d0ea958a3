import type { TFunction } from 'i18next';
import { describe, expect, it } from 'vitest';
import type { Geofence, Place } from '../api/types';
import { alongText, mgrsText } from './along';
import { outOfForceText, rulesText, scheduleText, shapeText, worstOf } from './fence-words';

const t = ((key: string, params: Record<string, unknown> = {}) =>
  `${key} ${JSON.stringify(params)}`) as unknown as TFunction;
const SPOKEN = { locale: 'en', timeZone: 'UTC' };
const NOW = Date.parse('2026-11-24T02:00:00Z');
const FENCE: Geofence = {
  id: 'g',
  version: 1,
  name: 'Meadow',
  kind: 'area',
  purpose: 'alarm',
  geom: { type: 'Polygon', coordinates: [[]] },
  drawn: null,
  directions: null,
  p_in: 0.9,
  p_out: 0.1,
  schedule: null,
  pause: null,
  in_force: true,
  rules: [],
};

describe('a zone in words', () => {
  it('says how it was drawn', () => {
    const metres = (m: number) => `${m} m`;
    const circle = { type: 'Circle' as const, coordinates: [24, 50] as [number, number] };
    expect(shapeText(t, { ...circle, radius_m: 300 }, metres)).toContain('"radius":"300 m"');
    const corridor = { type: 'Corridor' as const, coordinates: [], left_m: 50, right_m: 0 };
    expect(shapeText(t, corridor, metres)).toContain('"left":"50 m","right":"0 m"');
  });

  it('says until when it is out of force', () => {
    const until = '2026-11-24T04:00:00Z';
    const paused: Geofence = { ...FENCE, in_force: false, pause: { reason: 'maintenance', until } };
    expect(outOfForceText(t, FENCE, NOW, SPOKEN)).toBeNull();
    expect(outOfForceText(t, paused, NOW, SPOKEN)).toBe(
      'zones.paused_maintenance {"time":"04:00:00"}',
    );
    expect(outOfForceText(t, { ...FENCE, in_force: false }, NOW, SPOKEN)).toContain(
      'zones.off_by_schedule',
    );
  });

  it('tells its schedule part by part', () => {
    const parts = scheduleText(
      t,
      {
        valid_from: null,
        valid_until: '2026-11-24T04:00:00Z',
        weekly: [0, 1, 2].map((day) => ({ day, start: '22:00', end: '06:00' })),
        light: ['dark'],
      },
      NOW,
      SPOKEN,
    );
    expect(parts).toEqual([
      'Mon–Wed 22:00–06:00',
      'light.dark {}',
      'zones.valid_until {"time":"04:00:00"}',
    ]);
  });

  it('is as bad as its worst rule', () => {
    const rules = (['high', 'very_high', 'low'] as const).map((severity) => {
      return { id: severity, version: 1, name: '', kind: 'enter', severity, params: {} };
    });
    expect(worstOf({ ...FENCE, rules })).toBe('very_high');
    expect(worstOf(FENCE)).toBeUndefined();
  });

  it('says what it is for when it raises nothing', () => {
    expect(rulesText(t, { ...FENCE, purpose: 'exclusion' })).toContain('purpose.exclusion');
    expect(rulesText(t, FENCE)).toContain('zones.no_rules');
  });
});

describe('a place along the border', () => {
  const place: Place = {
    mgrs: '34U',
    chainage_m: 31_420,
    offset_m: -80.4,
    pillar: '812',
    past_pillar_m: 119.7,
  };

  it('is told by chainage, pillar and side', () => {
    expect(alongText(t, place, 'en')).toBe(
      'place.km {"km":"31.42"} · place.past_pillar {"m":120,"pillar":"812"} · place.right {"m":80}',
    );
    const before = alongText(t, { ...place, past_pillar_m: -30, offset_m: 2 }, 'en');
    expect(before).toBe('place.km {"km":"31.42"} · place.before_pillar {"m":30,"pillar":"812"}');
    expect(alongText(t, { ...place, past_pillar_m: 1 }, 'en')).toContain('place.at_pillar');
  });

  it('has its grid reference in groups', () => {
    expect(mgrsText('35UKR8728099124')).toBe('35U KR 87280 99124');
    expect(mgrsText('beyond the grid')).toBe('beyond the grid');
  });

  it('does without pillars', () => {
    const bare = { ...place, pillar: null, past_pillar_m: null, offset_m: 9 };
    expect(alongText(t, bare, 'en')).toBe('place.km {"km":"31.42"} · place.left {"m":9}');
  });
});
