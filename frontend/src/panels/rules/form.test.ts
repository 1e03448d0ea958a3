import { describe, expect, it } from 'vitest';
import { ApiError } from '../../api/http';
import type { RuleKind } from '../../api/types';
import { fieldsOf, paramsOf, valuesOf } from './form';
import { refusalOf } from './refusal';

/** As the hub tells of it, shortened. */
const SPEED: RuleKind = {
  name: 'speed',
  over: ['area'],
  of_tracks: true,
  life_at_risk: false,
  properties: {
    classes: { type: 'object' },
    min_hits: { type: 'integer', minimum: 0, maximum: 10_000 },
    max_sigma_m: {
      anyOf: [{ type: 'number', exclusiveMinimum: 0, maximum: 100_000 }, { type: 'null' }],
    },
    armed: { type: 'boolean' },
    hours: { type: 'array', items: { type: 'array' } },
    affiliation: { enum: ['any', 'other'] },
    least_mps: { type: 'number', minimum: 0, maximum: 1000 },
    months: { type: 'array', items: { type: 'integer' } },
    first: { type: 'string' },
    seconds: { type: 'number', exclusiveMinimum: 0, maximum: 86_400 },
  },
  required: ['first', 'seconds'],
  defaults: {
    classes: {},
    min_hits: 0,
    max_sigma_m: null,
    armed: true,
    hours: [],
    affiliation: 'other',
    least_mps: 0,
    months: [10, 11],
  },
  shared: ['classes', 'min_hits', 'max_sigma_m', 'armed', 'hours', 'affiliation'],
};
const fields = fieldsOf(SPEED);
const full = {
  classes: { person: 0.5 },
  min_hits: 3,
  max_sigma_m: 12.5,
  armed: false,
  hours: [[480, 990]],
  affiliation: 'any',
  least_mps: 5,
  months: [1],
  first: 'ford',
  seconds: 60,
};

describe('the form of a rule', () => {
  it('has a field for each parameter, its own before the shared', () => {
    expect(fields.map(({ name, look }) => `${name} ${look}`)).toEqual([
      'least_mps number',
      'months months',
      'first geofence',
      'seconds number',
      'classes classes',
      'min_hits number',
      'max_sigma_m number',
      'armed flag',
      'hours hours',
      'affiliation choice',
    ]);
  });

  it('shows speeds in km/h, shares in percent and hours by day', () => {
    const values = valuesOf(fields, full);
    expect(values.least_mps).toBe('18');
    expect(values.classes).toEqual({ person: '50' });
    expect(values.hours).toEqual([{ days: [0], start: '08:00', end: '16:30' }]);
  });

  it('gives back what it was given', () => {
    expect(paramsOf(fields, valuesOf(fields, full))).toEqual({ params: full, wrong: {} });
  });

  it('leaves out what the hub takes anyway', () => {
    const values = valuesOf(fields, { first: 'ford', seconds: 60 });
    expect(paramsOf(fields, values).params).toEqual({ first: 'ford', seconds: 60 });
  });

  it('says at which field what is wrong', () => {
    const values = { ...valuesOf(fields, {}), seconds: '0', min_hits: '1.5', least_mps: 'fast' };
    const wrong = { ...values, max_sigma_m: '200000', classes: { animal: '101' } };
    expect(paramsOf(fields, wrong).wrong).toEqual({
      first: { code: 'missing' },
      seconds: { code: 'above', n: 0 },
      min_hits: { code: 'whole' },
      least_mps: { code: 'number' },
      max_sigma_m: { code: 'most', n: 100_000 },
      classes: { code: 'most', n: 100 },
    });
    expect(paramsOf(fields, { ...values, seconds: '' }).wrong.seconds).toEqual({ code: 'missing' });
  });

  it('reads a comma as people write it', () => {
    const values = { ...valuesOf(fields, full), max_sigma_m: '12,5' };
    expect(paramsOf(fields, values).params.max_sigma_m).toBe(12.5);
  });
});

describe('a refusal', () => {
  const refused = (params: Record<string, unknown>) => new ApiError(422, 'rule.invalid', params);

  it('stands at its field', () => {
    const at = refused({ reason: 'params_invalid', place: 'params.classes[...]' });
    expect(refusalOf(at, 'enter')).toMatchObject({ field: 'classes', reason: 'params_invalid' });
    const gone = refused({ reason: 'geofence_unknown', place: 'params', other: 'x' });
    expect(refusalOf(gone, 'sequence')).toMatchObject({ field: 'first' });
    const kind = refused({ reason: 'geofence_kind_wrong', place: 'kind' });
    expect(refusalOf(kind, 'cross')).toMatchObject({ field: 'kind' });
  });

  it('of fields together is told in the words of its kind', () => {
    const together = refused({ reason: 'params_invalid', place: 'params' });
    expect(refusalOf(together, 'speed')).toMatchObject({ field: null, reason: 'speed' });
    expect(refusalOf(together, 'dwell')).toMatchObject({ field: null, reason: 'params_invalid' });
  });

  it('of something else is none of the form', () => {
    expect(refusalOf(new ApiError(503, 'database.away'), 'speed')).toBeNull();
    expect(refusalOf(null, 'speed')).toBeNull();
  });
});
