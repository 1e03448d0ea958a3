/** Little arrows across a tripwire that show which way a crossing counts. */

import type { Feature, LineString, Position } from 'geojson';
import type { Direction } from '../api/types';
import { bearingDeg } from './geo';

/** One arrow per counted direction on each segment, pointing the way that counts. */
export function arrowFeatures(line: LineString, directions: readonly Direction[]): Feature[] {
  const features: Feature[] = [];
  for (let i = 1; i < line.coordinates.length; i++) {
    const a = line.coordinates[i - 1] as Position;
    const b = line.coordinates[i] as Position;
    const direction = directions[i - 1] ?? 'both';
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

const between = (a: Position, b: Position, share: number): Position => [
  (a[0] ?? 0) + ((b[0] ?? 0) - (a[0] ?? 0)) * share,
  (a[1] ?? 0) + ((b[1] ?? 0) - (a[1] ?? 0)) * share,
];
