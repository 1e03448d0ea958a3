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

  it('says something true about evidence that it does not know', () => {
    const sentences = whyItFired(
      t,
      found({ kind: 'dwell', evidence: { p: 'much', direction: 3 } }),
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
