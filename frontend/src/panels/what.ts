import type { TFunction } from 'i18next';
import type { Incident, ObjectClass } from '../api/types';

/** The kinds of rules that there are words for; a newer hub may have more. */
const KINDS = new Set([
  'absence',
  'approach',
  'count',
  'cross',
  'dwell',
  'enter',
  'exit',
  'motionless_in_cold',
  'proximity',
  'sensor_offline',
  'sequence',
  'speed',
]);

/** What kind of thing happened: "tripwire crossed"; a rule of another kind by its name, and one that
 * was made by hand by who told of it. */
export const kindOfAlarm = (t: TFunction, { rule, source }: Incident): string =>
  rule === null ? t(`source.${source}`) : KINDS.has(rule.kind) ? t(`what.${rule.kind}`) : rule.name;

/** Where it happened, by the name of the zone or tripwire, or what its maker called it. */
export const nameOfAlarm = (incident: Incident): string =>
  incident.title ?? incident.geofence?.name ?? incident.rule?.name ?? '–';

/** Both in one line: "Tripwire 14, tripwire crossed". */
export const whatHappened = (t: TFunction, incident: Incident): string =>
  `${nameOfAlarm(incident)}, ${kindOfAlarm(t, incident)}`;

/** Who is in it, by what is known now: "Track 14 · person", "3 tracks". */
export function whoIsIn(t: TFunction, incident: Incident, seen: ObjectClass | undefined): string {
  const [first] = incident.tracks;
  if (!first && incident.source !== 'rule') return t('queue.no_track');
  if (incident.tracks.length !== 1 || !first || first.no === null) {
    return t('queue.tracks', { count: incident.tracks.length });
  }
  const name = t('tracks.track_no', { no: first.no });
  return seen ? `${name} · ${t(`class.${seen}`)}` : name;
}

/** "Y. Petrenko" as "YP". */
export const initials = (name: string): string =>
  name
    .split(/[\s.]+/)
    .filter(Boolean)
    .map((part) => [...part][0]?.toLocaleUpperCase())
    .slice(0, 3)
    .join('');
