/** Small geometry on the ground: places in degrees, lengths in metres, bearings from true north.
 *
 * Flat-earth formulas around each place: exact to better than 0.1 % within 50 km, which is finer
 * than a screen shows.
 */

import type { LineString, Position } from 'geojson';

/** Metres per degree of latitude, WGS 84 mean. */
const M_PER_DEG = 111_195;
const RAD = Math.PI / 180;
/** χ² with two degrees of freedom at 95 %. */
const CHI2_95 = 5.991;

export const metresPerDegree = (lat: number): [east: number, north: number] => [
  M_PER_DEG * Math.cos(lat * RAD),
  M_PER_DEG,
];

export function offset(lon: number, lat: number, eastM: number, northM: number): Position {
  const [e, n] = metresPerDegree(lat);
  return [lon + eastM / e, lat + northM / n];
}

export function distanceM(a: Position, b: Position): number {
  const [e, n] = metresPerDegree(((a[1] ?? 0) + (b[1] ?? 0)) / 2);
  return Math.hypot(((b[0] ?? 0) - (a[0] ?? 0)) * e, ((b[1] ?? 0) - (a[1] ?? 0)) * n);
}

export function bearingDeg(from: Position, to: Position): number {
  const [e, n] = metresPerDegree(((from[1] ?? 0) + (to[1] ?? 0)) / 2);
  const east = ((to[0] ?? 0) - (from[0] ?? 0)) * e;
  const north = ((to[1] ?? 0) - (from[1] ?? 0)) * n;
  return (Math.atan2(east, north) / RAD + 360) % 360;
}

export interface Axes {
  majorM: number;
  minorM: number;
  /** Bearing of the major axis, degrees. */
  bearing: number;
}

/** Half axes of the 95 % ellipse of a 2×2 covariance in local east and north (m²). */
export function ellipseAxes(varEast: number, cov: number, varNorth: number): Axes {
  const mean = (varEast + varNorth) / 2;
  const root = Math.hypot((varEast - varNorth) / 2, cov);
  return {
    majorM: Math.sqrt(CHI2_95 * (mean + root)),
    minorM: Math.sqrt(CHI2_95 * Math.max(0, mean - root)),
    bearing: (90 - Math.atan2(2 * cov, varEast - varNorth) / RAD / 2 + 360) % 180,
  };
}

/** The closed ring of an ellipse around a place. */
export function ellipseRing(lon: number, lat: number, axes: Axes, points = 28): Position[] {
  const sin = Math.sin(axes.bearing * RAD);
  const cos = Math.cos(axes.bearing * RAD);
  const ring: Position[] = [];
  for (let i = 0; i <= points; i++) {
    const angle = ((i % points) / points) * 2 * Math.PI;
    const along = axes.majorM * Math.cos(angle);
    const across = axes.minorM * Math.sin(angle);
    ring.push(offset(lon, lat, along * sin + across * cos, along * cos - across * sin));
  }
  return ring;
}

export interface Wedge {
  azimuth_deg: number;
  width_deg: number;
  min_range_m: number;
  max_range_m: number;
}

function arc(lon: number, lat: number, radiusM: number, from: number, to: number): Position[] {
  const steps = Math.max(2, Math.ceil(Math.abs(to - from) / 4));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const angle = (from + ((to - from) * i) / steps) * RAD;
    return offset(lon, lat, radiusM * Math.sin(angle), radiusM * Math.cos(angle));
  });
}

/** The rings of a field of view: a disc or a ring all round, else a wedge. */
export function wedgeRings(lon: number, lat: number, wedge: Wedge): Position[][] {
  if (wedge.width_deg >= 360) {
    const outer = arc(lon, lat, wedge.max_range_m, 0, 360);
    return wedge.min_range_m > 0 ? [outer, arc(lon, lat, wedge.min_range_m, 360, 0)] : [outer];
  }
  const from = wedge.azimuth_deg - wedge.width_deg / 2;
  const to = wedge.azimuth_deg + wedge.width_deg / 2;
  const far = arc(lon, lat, wedge.max_range_m, from, to);
  const near =
    wedge.min_range_m > 0 ? arc(lon, lat, wedge.min_range_m, to, from) : [[lon, lat] as Position];
  return [[...far, ...near, far[0] as Position]];
}

/** The bearing in which a line is crossed near a place, or null when the place is off the line. */
export function crossingBearing(
  line: LineString,
  place: Position,
  direction: 'left_to_right' | 'right_to_left',
): number | null {
  let best: { d: number; bearing: number } | null = null;
  for (let i = 1; i < line.coordinates.length; i++) {
    const a = line.coordinates[i - 1] as Position;
    const b = line.coordinates[i] as Position;
    const d = distanceToSegmentM(place, a, b);
    if (!best || d < best.d) best = { d, bearing: bearingDeg(a, b) };
  }
  if (!best) return null;
  return (best.bearing + (direction === 'left_to_right' ? 90 : 270)) % 360;
}

export function distanceToSegmentM(p: Position, a: Position, b: Position): number {
  const [e, n] = metresPerDegree(p[1] ?? 0);
  const ax = ((a[0] ?? 0) - (p[0] ?? 0)) * e;
  const ay = ((a[1] ?? 0) - (p[1] ?? 0)) * n;
  const dx = ((b[0] ?? 0) - (a[0] ?? 0)) * e;
  const dy = ((b[1] ?? 0) - (a[1] ?? 0)) * n;
  const length2 = dx * dx + dy * dy;
  const t = length2 === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length2));
  return Math.hypot(ax + t * dx, ay + t * dy);
}

/** Whether a ring (not closed) touches itself: no area can be told from it. */
export function selfIntersects(ring: readonly Position[]): boolean {
  const n = ring.length;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      if (j === i + 1 || (i === 0 && j === n - 1)) continue;
      const [a, b] = [ring[i] as Position, ring[(i + 1) % n] as Position];
      const [c, d] = [ring[j] as Position, ring[(j + 1) % n] as Position];
      if (cross(a, b, c) * cross(a, b, d) < 0 && cross(c, d, a) * cross(c, d, b) < 0) return true;
    }
  }
  return false;
}

const cross = (a: Position, b: Position, c: Position): number =>
  ((b[0] ?? 0) - (a[0] ?? 0)) * ((c[1] ?? 0) - (a[1] ?? 0)) -
  ((b[1] ?? 0) - (a[1] ?? 0)) * ((c[0] ?? 0) - (a[0] ?? 0));
