import { expect, test } from 'vitest';
import type { Sensor } from '../../api/types';
import { offset } from '../../map/geo';
import { bestCamera, reasonOf } from './best';

const LON = 24;
const LAT = 50.5;

const place = (eastM: number, northM: number) => {
  const [lon = 0, lat = 0] = offset(LON, LAT, eastM, northM);
  return { lon, lat };
};

const camera = (id: string, over: Partial<Sensor> = {}): Sensor => ({
  id,
  no: 1,
  name: id,
  kind: 'thermal',
  edge: 'edge',
  site: null,
  lon: LON,
  lat: LAT,
  height_m: 200,
  field_of_view: { azimuth_deg: 350, width_deg: 30, min_range_m: 10, max_range_m: 2000 },
  simulated: false,
  state: 'ok',
  code: null,
  at: null,
  known_at: null,
  ...over,
});

test('a camera sees what lies within its angle and range, north between 335 and 5 degrees', () => {
  const one = [camera('a')];
  expect(bestCamera(one, place(0, 500))?.id).toBe('a');
  expect(bestCamera(one, place(60, 1000))?.id).toBe('a');
  expect(bestCamera(one, place(120, 1000))).toBeNull();
  expect(bestCamera(one, place(0, 2100))).toBeNull();
  expect(bestCamera(one, place(0, 5))).toBeNull();
  expect(bestCamera(one, place(0, -500))).toBeNull();
});

test('of several that see it the nearest by is best, of those that work', () => {
  const near = camera('near', place(0, 400));
  const far = camera('far');
  expect(bestCamera([far, near], place(0, 800))?.id).toBe('near');
  expect(bestCamera([far, { ...near, state: 'failed' }], place(0, 800))?.id).toBe('far');
  expect(bestCamera([far, { ...near, state: 'degraded' }], place(0, 800))?.id).toBe('near');
  expect(bestCamera([camera('r', { kind: 'radar' })], place(0, 800))).toBeNull();
  expect(bestCamera([camera('b', { field_of_view: null })], place(0, 800))).toBeNull();
});

test('the log is told what somebody looked at', () => {
  expect(reasonOf({ kind: 'track', no: 7 })).toBe('track 7');
  expect(reasonOf({ kind: 'incident', id: 'x' })).toBe('incident x');
  expect(reasonOf(null).length).toBeGreaterThanOrEqual(10);
});
