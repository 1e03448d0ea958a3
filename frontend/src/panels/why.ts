/** From the codes and figures of a finding to sentences; pure apart from the words themselves. */

import type { TFunction } from 'i18next';
import type { Evidence, Geofence } from '../api/types';
import { bearing, compass, localTime, percent, type Spoken } from '../i18n/format';
import { crossingBearing } from '../map/geo';

type Figures = Record<string, unknown>;
type Way = 'left_to_right' | 'right_to_left';

const number = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

/** A confident state beside a crossing: when, and how surely on that side. */
function stand(value: unknown): { atMs: number; p: number } | null {
  const { at_us, p } = (value ?? {}) as Figures;
  const [at, share] = [number(at_us), number(p)];
  return at === null || share === null ? null : { atMs: at / 1000, p: share };
}

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
  return [headline(t, found, track, fence, spoken), ...figures(t, found, spoken)];
}

function figures(t: TFunction, { kind, evidence }: Evidence, spoken: Spoken): string[] {
  const sentences: string[] = [];
  const p = number(evidence.p);
  const [before, after] = [stand(evidence.before), stand(evidence.after)];
  const entered = number(evidence.entered_at_us);
  if (kind === 'enter' && p !== null) sentences.push(t('why.probability', { p: percent(p) }));
  if (kind === 'enter' && evidence.first_sight === true) sentences.push(t('why.first_sight'));
  if (kind === 'exit' && entered !== null) {
    sentences.push(t('why.since', { time: localTime(entered / 1000, spoken) }));
  }
  if (kind === 'exit' && p !== null) sentences.push(t('why.still', { p: percent(p) }));
  if (kind === 'cross' && before && after) {
    sentences.push(
      t('why.between', {
        from: localTime(before.atMs, spoken),
        to: localTime(after.atMs, spoken),
        before: percent(before.p),
        after: percent(after.p),
      }),
    );
  }
  if (evidence.weak === true) sentences.push(t('why.weak'));
  const hits = number(evidence.hits);
  if (hits !== null) sentences.push(t('why.hits', { count: hits }));
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
