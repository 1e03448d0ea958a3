import type { TFunction } from 'i18next';
import { describe, expect, it } from 'vitest';
import type { Evidence, Geofence } from '../api/types';
import { steps } from './Timeline';
import { whyItFired } from './why';

const t = ((key: string, params: Record<string, unknown> = {}) =>
  `${key} ${JSON.stringify(params)}`) as unknown as TFunction;
const SPOKEN = { locale: 'en', timeZone: 'UTC' };
const found = (part: Partial<Evidence>): Evidence => ({
  id: 'f',
  rule: 'r',
  geofence: 'g',
  track: 't',
  kind: 'enter',
  at: '2026-11-24T00:13:07Z',
  lon: 24,
  lat: 50,
  evidence: {},
  ...part,
});
const fence: Geofence = {
  id: 'g',
  version: 1,
  name: 'Tripwire 14',
  kind: 'line',
  geom: {
    type: 'LineString',
    coordinates: [
      [24, 49.99],
      [24, 50.01],
    ],
  },
  directions: ['both'],
  p_in: 0.9,
  p_out: 0.1,
  purpose: 'alarm',
  drawn: null,
  schedule: null,
  pause: null,
  in_force: true,
  rules: [],
};

describe('why an alarm fired', () => {
  it('says which way a tripwire was crossed, by compass', () => {
    const [first] = whyItFired(
      t,
      found({ kind: 'cross', evidence: { direction: 'left_to_right' } }),
      '7',
      fence,
      SPOKEN,
    );
    expect(first).toContain('why.cross_towards');
    expect(first).toContain('"bearing":"090°"');
    expect(first).toContain('compass.e');
    expect(first).toContain('00:13:07');
  });

  it('does without a tripwire that has been deleted since', () => {
    const [first] = whyItFired(
      t,
      found({ kind: 'cross', evidence: { direction: 'left_to_right' } }),
      '7',
      undefined,
      SPOKEN,
    );
    expect(first).toContain('why.cross ');
  });

  it('gives the probability and says when it is weak', () => {
    const sentences = whyItFired(
      t,
      found({ evidence: { p: 0.943, weak: true, hits: 12 } }),
      '7',
      undefined,
      SPOKEN,
    );
    expect(sentences.map((each) => each.split(' ')[0])).toEqual([
      'why.enter',
      'why.probability',
      'why.weak',
      'why.hits',
    ]);
    expect(sentences[1]).toContain('"p":94');
  });

  it('brackets a crossing by the last sure state on either side', () => {
    const [, between] = whyItFired(
      t,
      found({
        kind: 'cross',
        evidence: {
          before: { at_us: 1_800_000_000_000_000, p: 0.99 },
          after: { at_us: 1_800_000_004_000_000, p: 0.97 },
        },
      }),
      '7',
      fence,
      SPOKEN,
    );
    expect(between).toContain('"from":"08:00:00","to":"08:00:04","before":99,"after":97');
  });

  it('has sentences for every kind of rule', () => {
    const at_us = 1_800_000_000_000_000;
    const evidence = { since_us: at_us, first_at_us: at_us, seconds: 90, within_s: 60, hits: 3 };
    const kinds: [string, Record<string, unknown>, string[]][] = [
      ['dwell', {}, ['why.dwell']],
      ['dwell', { radius_m: 20, moved_m: 4.2 }, ['why.loiter']],
      ['sequence', { first: 'ford' }, ['why.sequence']],
      ['approach', { reaches_in_s: 12.3 }, ['why.approach']],
      ['proximity', { to: 'asset', metres: 30 }, ['why.near_asset']],
      ['proximity', { to: 'unit', metres: 30, distance_m: 21, unit: 'Alfa' }, ['why.near_unit']],
      ['proximity', { to: 'track', metres: 30, distance_m: 21, track: 9 }, ['why.near_track']],
      ['count', { count: 5, tracks: 3 }, ['why.count']],
      ['speed', { speed_mps: 10, least_mps: 5, most_mps: null }, ['why.speed', 'why.speed_least']],
      ['absence', { of: 'unit' }, ['why.absence_unit']],
      ['absence', { of: 'sensor' }, ['why.absence_sensor']],
      ['sensor_offline', { sensor: 'r1', missing: 'heartbeat' }, ['why.no_heartbeat']],
      ['sensor_offline', { sensor: 'r1', missing: 'detections' }, ['why.no_detections']],
      ['motionless_in_cold', { air_c: -4.2, below_c: 5 }, ['why.motionless', 'why.air']],
      ['motionless_in_cold', { air_c: null }, ['why.motionless', 'why.air_unknown']],
    ];
    for (const [kind, own, keys] of kinds) {
      const told = found({ kind, evidence: { ...evidence, ...own } });
      const sentences = whyItFired(t, told, '7', undefined, SPOKEN, (id) => `the ${id}`);
      expect(sentences.map((each) => each.split(' ')[0])).toEqual([...keys, 'why.hits']);
      expect(sentences.join()).not.toMatch(/undefined|NaN/);
      if (kind === 'sequence') expect(sentences[0]).toContain('"first":"the ford"');
      if (kind === 'speed') expect(sentences[0]).toContain('"n\\":\\"36');
    }
  });

  it('tells of one of our own', () => {
    const sentences = whyItFired(
      t,
      found({ evidence: { friendly: { unit: 'Alfa-2', p: 0.62 } } }),
      '7',
      undefined,
      SPOKEN,
    );
    expect(sentences[1]).toBe('why.friendly {"unit":"Alfa-2","p":62}');
  });

  it('says something true about a kind and evidence that it does not know', () => {
    const sentences = whyItFired(
      t,
      found({ kind: 'new_kind', evidence: { p: 'much', direction: 3 } }),
      '7',
      fence,
      SPOKEN,
    );
    expect(sentences).toEqual([expect.stringContaining('why.other')]);
  });
});

describe('the timeline', () => {
  const event = (no: number, kind: string) => ({
    no,
    kind,
    at: '2026-11-24T00:00:00Z',
    known_at: '2026-11-24T00:00:00Z',
    actor: 'machine',
    detail: {},
  });

  it('folds findings that joined one after the other', () => {
    const folded = steps([
      event(3, 'joined'),
      event(1, 'opened'),
      event(2, 'joined'),
      event(4, 'acknowledged'),
      event(5, 'joined'),
    ]);
    expect(folded.map((step) => [step.kind, step.count])).toEqual([
      ['opened', 1],
      ['joined', 2],
      ['acknowledged', 1],
      ['joined', 1],
    ]);
  });
});
