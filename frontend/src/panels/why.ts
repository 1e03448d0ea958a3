/** From the codes and figures of a finding to sentences; pure apart from the words themselves. */

import type { TFunction } from 'i18next';
import type { Evidence, Geofence } from '../api/types';
import { bearing, compass, kmh, localTime, percent, type Spoken } from '../i18n/format';
import { ageText } from '../i18n/spoken';
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

/** The names of objects that a finding tells of by id. */
export type NameOf = (geofence: string) => string | undefined;

/** The sentences that say why a finding held, the most important first. */
export function whyItFired(
  t: TFunction,
  found: Evidence,
  track: string,
  fence: Geofence | undefined,
  spoken: Spoken,
  nameOf: NameOf = () => undefined,
): string[] {
  const said = { track, time: localTime(Date.parse(found.at), spoken) };
  const words = new Words(t, found.evidence, spoken, said);
  const tell = found.kind === 'cross' ? null : TELL[found.kind];
  const own = tell
    ? tell(words, nameOf)
    : [found.kind === 'cross' ? crossing(t, found, fence, said) : t('why.other', said)];
  return [...own, ...figures(words, found.kind)];
}

/** The figures of a finding, as the sentences want them. */
class Words {
  constructor(
    readonly t: TFunction,
    readonly figures: Figures,
    readonly spoken: Spoken,
    readonly said: { track: string; time: string },
  ) {}

  n(name: string): number {
    return number(this.figures[name]) ?? 0;
  }

  text(name: string): string {
    const value = this.figures[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '–';
  }

  time(name: string): string {
    return localTime(this.n(name) / 1000, this.spoken);
  }

  /** Seconds in their largest sensible unit. */
  lasting(name: string): string {
    return ageText(this.t, this.n(name) * 1000);
  }

  metres(name: string): string {
    return this.t('unit.m', { n: Math.round(this.n(name)) });
  }

  speed(name: string): string {
    return this.t('unit.kmh', { n: kmh(this.n(name), this.spoken.locale) });
  }
}

/** Each kind of rule but crossing, whose sentence needs the tripwire's shape. */
const TELL: Record<string, (words: Words, nameOf: NameOf) => string[]> = {
  enter: ({ t, said }) => [t('why.enter', said)],
  exit: ({ t, said }) => [t('why.exit', said)],
  dwell: (w) => {
    const said = { ...w.said, since: w.time('since_us'), asked: w.lasting('seconds') };
    return number(w.figures.radius_m) === null
      ? [w.t('why.dwell', said)]
      : [w.t('why.loiter', { ...said, radius: w.metres('radius_m'), moved: w.metres('moved_m') })];
  },
  sequence: (w, nameOf) => [
    w.t('why.sequence', {
      ...w.said,
      first: nameOf(w.text('first')) ?? w.text('first'),
      before: w.time('first_at_us'),
      asked: w.lasting('within_s'),
    }),
  ],
  approach: (w) => [
    w.t('why.approach', {
      ...w.said,
      reaches: w.lasting('reaches_in_s'),
      asked: w.lasting('within_s'),
    }),
  ],
  proximity: (w) => {
    const to = w.text('to');
    const said = { ...w.said, metres: w.metres('metres') };
    if (to === 'asset') return [w.t('why.near_asset', said)];
    const distance = w.metres('distance_m');
    return to === 'unit'
      ? [w.t('why.near_unit', { ...said, distance, unit: w.text('unit') })]
      : [w.t('why.near_track', { ...said, distance, other: w.text('track') })];
  },
  count: (w) => [
    w.t('why.count', {
      n: w.n('count'),
      tracks: w.n('tracks'),
      since: w.time('since_us'),
      time: w.said.time,
      asked: w.lasting('within_s'),
    }),
  ],
  speed: (w) => {
    const said = { ...w.said, speed: w.speed('speed_mps'), since: w.time('since_us') };
    const [least, most] = [w.n('least_mps'), number(w.figures.most_mps)];
    const sentences = [w.t('why.speed', said)];
    if (least > 0) sentences.push(w.t('why.speed_least', { speed: w.speed('least_mps') }));
    if (most !== null) sentences.push(w.t('why.speed_most', { speed: w.speed('most_mps') }));
    return sentences;
  },
  absence: (w) => {
    const said = { time: w.said.time, since: w.time('since_us'), asked: w.lasting('seconds') };
    return [w.t(w.text('of') === 'sensor' ? 'why.absence_sensor' : 'why.absence_unit', said)];
  },
  sensor_offline: (w) => {
    const said = {
      sensor: w.text('sensor'),
      since: w.time('since_us'),
      lasting: w.lasting('seconds'),
    };
    return [
      w.t(w.text('missing') === 'detections' ? 'why.no_detections' : 'why.no_heartbeat', said),
    ];
  },
  motionless_in_cold: (w) => {
    const air = number(w.figures.air_c);
    const moved = { radius: w.metres('radius_m'), moved: w.metres('moved_m') };
    return [
      w.t('why.motionless', { ...w.said, ...moved, since: w.time('since_us') }),
      air === null
        ? w.t('why.air_unknown')
        : w.t('why.air', { air: Math.round(air), below: w.n('below_c') }),
    ];
  },
};

function figures({ t, figures: evidence, spoken }: Words, kind: string): string[] {
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
  const friend = (evidence.friendly ?? null) as Figures | null;
  if (friend) {
    const share = number(friend.p) ?? 0;
    sentences.push(t('why.friendly', { unit: String(friend.unit ?? '–'), p: percent(share) }));
  }
  const hits = number(evidence.hits);
  if (hits) sentences.push(t('why.hits', { count: hits }));
  return sentences;
}

function crossing(
  t: TFunction,
  found: Evidence,
  fence: Geofence | undefined,
  said: { track: string; time: string },
): string {
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
