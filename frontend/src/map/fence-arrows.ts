/** Little arrows across a tripwire that show which way a crossing counts. */

import type { Feature, LineString, Position } from 'geojson';
import type { Direction } from '../api/types';
import { bearingDeg } from './geo';

/** A line of many short segments shows about this many places with arrows, not a hatching. */
const PLACES = 6;

/**
 * Arrows pointing the way that counts: on the first segment, where the direction changes, and
 * else not closer than a sixth of the line.
 */
export function arrowFeatures(line: LineString, directions: readonly Direction[]): Feature[] {
  const features: Feature[] = [];
  const points = line.coordinates;
  const lengths = points.slice(1).map((b, i) => length(points[i] as Position, b));
  const spacing = lengths.reduce((sum, each) => sum + each, 0) / PLACES;
  let since = Number.POSITIVE_INFINITY;
  let shown: Direction | null = null;
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1] as Position;
    const b = points[i] as Position;
    const half = (lengths[i - 1] ?? 0) / 2;
    const direction = directions[i - 1] ?? 'both';
    since += half;
    if (direction === shown && since < spacing) {
      since += half;
      continue;
    }
    shown = direction;
    since = half;
    const along = bearingDeg(a, b);
    // Two arrows of one segment stand apart, so that both can be read.
    const ways: [turn: number, share: number][] =
      direction === 'both'
        ? [
            [90, 0.42],
            [270, 0.58],
          ]
        : [[direction === 'left_to_right' ? 90 : 270, 0.5]];
    for (const [turn, share] of ways) {
      features.push({
        type: 'Feature',
        properties: { bearing: (along + turn) % 360 },
        geometry: { type: 'Point', coordinates: between(a, b, share) },
      });
    }
  }
  return features;
}

/** Length in degrees of latitude; good enough to space arrows. */
const length = (a: Position, b: Position): number =>
  Math.hypot(
    ((b[0] ?? 0) - (a[0] ?? 0)) * Math.cos(((a[1] ?? 0) * Math.PI) / 180),
    (b[1] ?? 0) - (a[1] ?? 0),
  );

const between = (a: Position, b: Position, share: number): Position => [
  (a[0] ?? 0) + ((b[0] ?? 0) - (a[0] ?? 0)) * share,
  (a[1] ?? 0) + ((b[1] ?? 0) - (a[1] ?? 0)) * share,
];
