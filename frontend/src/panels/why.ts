/** From the codes and figures of a finding to sentences; pure apart from the words themselves. */

import type { TFunction } from 'i18next';
import type { Evidence, Geofence } from '../api/types';
import { bearing, compass, localTime, percent, type Spoken } from '../i18n/format';
import { crossingBearing } from '../map/geo';

const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

/** A time in µs since 1970, ISO 8601, or nothing. */
function moment(value: unknown): number | null {
  if (typeof value === 'number') return value / 1000;
  if (typeof value === 'string') {
    const ms = Date.parse(value);
    return Number.isNaN(ms) ? null : ms;
  }
  return null;
}

type Way = 'left_to_right' | 'right_to_left';

function way(found: Evidence): Way | null {
  const direction = found.evidence.direction;
  return direction === 'left_to_right' || direction === 'right_to_left' ? direction : null;
}

/** The sentences that say why a finding held, the most important first. */
export function whyItFired(
  t: TFunction,
  found: Evidence,
  track: string,
  fence: Geofence | undefined,
  spoken: Spoken,
): string[] {
  const { evidence } = found;
  const sentences = [headline(t, found, track, fence, spoken)];
  const p = number(evidence.p) ?? number(evidence.p_in) ?? number(evidence.probability);
  if (p !== null) {
    sentences.push(
      t(found.kind === 'cross' ? 'why.probability_side' : 'why.probability', { p: percent(p) }),
    );
  }
  const from = moment(evidence.from_us ?? evidence.before_us);
  const to = moment(evidence.to_us ?? evidence.after_us);
  if (from !== null && to !== null) {
    sentences.push(t('why.between', { from: localTime(from, spoken), to: localTime(to, spoken) }));
  }
  if (evidence.weak === true) sentences.push(t('why.weak'));
  return sentences;
}

function headline(
  t: TFunction,
  found: Evidence,
  track: string,
  fence: Geofence | undefined,
  spoken: Spoken,
): string {
  const said = { track, time: localTime(Date.parse(found.at), spoken) };
  if (found.kind === 'enter' || found.kind === 'exit') return t(`why.${found.kind}`, said);
  if (found.kind !== 'cross') return t('why.other', said);
  const direction = way(found);
  if (!direction || fence?.geom.type !== 'LineString') return t('why.cross', said);
  const deg = crossingBearing(fence.geom, [found.lon, found.lat], direction);
  if (deg === null) return t('why.cross', said);
  return t('why.cross_towards', {
    ...said,
    compass: t(`compass.${compass(deg)}`),
    bearing: bearing(deg),
  });
}
