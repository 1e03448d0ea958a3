import type { LineString } from 'geojson';
import type { TFunction } from 'i18next';
import type { Direction, Geofence } from '../api/types';
import { bearing, compass } from '../i18n/format';
import { bearingDeg } from '../map/geo';

/** The bearing across a line as a whole, from its first to its last point. */
export function acrossDeg(line: LineString, direction: Exclude<Direction, 'both'>): number {
  const [first, last] = [line.coordinates[0], line.coordinates.at(-1)];
  if (!first || !last) return 0;
  return (bearingDeg(first, last) + (direction === 'left_to_right' ? 90 : 270)) % 360;
}

/** Which crossings of a tripwire count, in words. */
export function directionText(t: TFunction, fence: Geofence): string {
  const [first, ...rest] = fence.directions ?? [];
  if (!first || fence.geom.type !== 'LineString') return t('zones.both');
  if (rest.some((direction) => direction !== first)) return t('zones.mixed');
  if (first === 'both') return t('zones.both');
  const deg = acrossDeg(fence.geom, first);
  return t('zones.towards', { compass: t(`compass.${compass(deg)}`), bearing: bearing(deg) });
}
