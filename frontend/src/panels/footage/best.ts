import type { Sensor } from '../../api/types';
import { bearingDeg, distanceM } from '../../map/geo';
import type { Selection } from '../../state/view';

const SEES: ReadonlySet<string> = new Set(['thermal', 'camera']);
const WORKS: ReadonlySet<string> = new Set(['ok', 'degraded']);

/** How many degrees lie between two directions. */
const apart = (a: number, b: number): number => Math.abs(((a - b + 540) % 360) - 180);

export const isCamera = (sensor: Sensor): boolean => SEES.has(sensor.kind);

/** The working camera that has a place in view from nearest by, if any has. */
export function bestCamera(
  sensors: Iterable<Sensor>,
  place: { lon: number; lat: number },
): Sensor | null {
  let best: Sensor | null = null;
  let bestM = Number.POSITIVE_INFINITY;
  for (const sensor of sensors) {
    const field = sensor.field_of_view;
    if (!isCamera(sensor) || !WORKS.has(sensor.state) || !field) continue;
    const from = [sensor.lon, sensor.lat];
    const to = [place.lon, place.lat];
    const away = distanceM(from, to);
    const aside = apart(bearingDeg(from, to), field.azimuth_deg);
    const inView =
      aside <= field.width_deg / 2 && away >= field.min_range_m && away <= field.max_range_m;
    if (inView && away < bestM) {
      best = sensor;
      bestM = away;
    }
  }
  return best;
}

/** What the hub's log is told about why somebody looks, in words that are the same everywhere. */
export function reasonOf(selection: Selection | null): string {
  if (selection?.kind === 'incident') return `incident ${selection.id}`;
  if (selection?.kind === 'track') return `track ${selection.no}`;
  return 'check of the camera';
}
