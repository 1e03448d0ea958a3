import { describe, expect, it } from 'vitest';
import { arrowFeatures } from './fence-arrows';
import {
  bearingDeg,
  crossingBearing,
  distanceM,
  ellipseAxes,
  ellipseRing,
  offset,
  selfIntersects,
  wedgeRings,
} from './geo';

const HERE: [number, number] = [24.1, 50.6];

describe('distance and bearing', () => {
  it('undo an offset', () => {
    for (const [east, north, bearing] of [
      [300, 400, 36.87],
      [-300, 400, 323.13],
      [0, -1000, 180],
    ] as const) {
      const there = offset(...HERE, east, north);
      expect(distanceM(HERE, there)).toBeCloseTo(Math.hypot(east, north), 1);
      expect(bearingDeg(HERE, there)).toBeCloseTo(bearing, 1);
    }
  });

  it('agree with the great circle within 0.1 % at 40 km', () => {
    // 40 km due north is 40,000 / 6,371,000 radians of latitude.
    const there: [number, number] = [HERE[0], HERE[1] + (40_000 / 6_371_000) * (180 / Math.PI)];
    expect(Math.abs(distanceM(HERE, there) - 40_000)).toBeLessThan(40);
  });
});

describe('the 95 % ellipse', () => {
  it('has half axes √5.991 times the standard deviations', () => {
    const axes = ellipseAxes(100, 0, 25);
    expect(axes.majorM).toBeCloseTo(24.48, 2);
    expect(axes.minorM).toBeCloseTo(12.24, 2);
    expect(axes.bearing).toBeCloseTo(90, 6);
  });

  it('leans north-east when east and north errors go together', () => {
    expect(ellipseAxes(100, 60, 100).bearing).toBeCloseTo(45, 6);
    expect(ellipseAxes(100, -60, 100).bearing).toBeCloseTo(135, 6);
    expect(ellipseAxes(25, 0, 100).bearing).toBeCloseTo(0, 6);
  });

  it('has its farthest point along the major axis, and is closed', () => {
    const axes = ellipseAxes(100, 60, 100);
    const ring = ellipseRing(...HERE, axes);
    const far = Math.max(...ring.map((p) => distanceM(HERE, p)));
    expect(far).toBeCloseTo(axes.majorM, 1);
    expect(bearingDeg(HERE, ring[0] as [number, number])).toBeCloseTo(45, 1);
    expect(ring.at(-1)).toEqual(ring[0]);
  });
});

describe('a field of view', () => {
  it('is a closed wedge between its bearings and ranges', () => {
    const [ring] = wedgeRings(...HERE, {
      azimuth_deg: 350,
      width_deg: 40,
      min_range_m: 100,
      max_range_m: 2000,
    });
    expect(ring?.at(-1)).toEqual(ring?.[0]);
    for (const p of ring ?? []) {
      const m = distanceM(HERE, p);
      expect(m).toBeGreaterThan(99);
      expect(m).toBeLessThan(2001);
      const off = ((bearingDeg(HERE, p) - 350 + 540) % 360) - 180;
      expect(Math.abs(off)).toBeLessThan(20.1);
    }
  });

  it('all round is a ring with a hole', () => {
    const rings = wedgeRings(...HERE, {
      azimuth_deg: 0,
      width_deg: 360,
      min_range_m: 100,
      max_range_m: 2000,
    });
    expect(rings.length).toBe(2);
  });
});

describe('the direction of a crossing', () => {
  // Drawn from south to north: left is west, right is east.
  const line = { type: 'LineString' as const, coordinates: [HERE, offset(...HERE, 0, 1000)] };

  it('is told by compass, from the segment that was crossed', () => {
    expect(crossingBearing(line, HERE, 'left_to_right')).toBeCloseTo(90, 6);
    expect(crossingBearing(line, HERE, 'right_to_left')).toBeCloseTo(270, 6);
    const bent = {
      type: 'LineString' as const,
      coordinates: [...line.coordinates, offset(...HERE, 1000, 1000)],
    };
    expect(crossingBearing(bent, offset(...HERE, 800, 990), 'left_to_right')).toBeCloseTo(180, 1);
  });

  it('is drawn by one arrow, by two for both directions, per segment', () => {
    const [arrow] = arrowFeatures(line, ['left_to_right']);
    expect(arrow?.properties?.bearing).toBeCloseTo(90, 6);
    expect(arrowFeatures(line, ['both']).map((each) => each.properties?.bearing)).toEqual([
      expect.closeTo(90, 6),
      expect.closeTo(270, 6),
    ]);
  });
});

describe('an outline that crosses itself', () => {
  it('is noticed', () => {
    const square = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ];
    expect(selfIntersects(square)).toBe(false);
    const [a, b, c, d] = square as [number[], number[], number[], number[]];
    expect(selfIntersects([a, c, b, d])).toBe(true);
    expect(selfIntersects([a, b, c])).toBe(false);
  });
});
