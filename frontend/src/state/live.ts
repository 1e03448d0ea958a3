/** The live picture of one sector: a pure reduction of what the hub's feed says.
 *
 * Nothing here looks at a clock: each message comes with the browser time at which it arrived.
 */

import type { Incident, LiveMessage, Pulse, Sensor, TrackRow } from '../api/types';
import { isWaiting } from './order';
import { decodeTrack, type Track } from './track';

/** `connecting` until the first picture; `reconnecting` while what is shown may be out of date. */
export type Link = 'connecting' | 'live' | 'reconnecting';

export interface LiveState {
  sector: string | null;
  link: Link;
  /** Browser time at which the link came into this state. */
  linkSince: number;
  rev: number;
  tracks: ReadonlyMap<number, Track>;
  incidents: ReadonlyMap<string, Incident>;
  sensors: ReadonlyMap<string, Sensor>;
  pulse: Pulse | null;
  /** Raised whenever zones and tripwires must be read again. */
  geofenceRev: number;
  /** Hub time minus browser time; null until the hub has told its time. */
  clockOffsetMs: number | null;
  lastMessageAt: number;
  bye: { code: string; params: Record<string, unknown> } | null;
}

export type LinkMessage = { type: 'opened' } | { type: 'lost' };
export type LiveInput = (LiveMessage | LinkMessage) & { arrivedAt: number };

export function emptyLive(sector: string | null, now: number): LiveState {
  return {
    sector,
    link: 'connecting',
    linkSince: now,
    rev: 0,
    tracks: new Map(),
    incidents: new Map(),
    sensors: new Map(),
    pulse: null,
    geofenceRev: 0,
    clockOffsetMs: null,
    lastMessageAt: now,
    bye: null,
  };
}

/** The picture after one message; messages that say nothing new return the same object. */
export function reduceLive(state: LiveState, input: LiveInput): LiveState {
  const next = apply({ ...state, lastMessageAt: input.arrivedAt }, input);
  return input.type === 'lost' || input.type === 'opened' || input.type === 'bye'
    ? next
    : live(next, input.arrivedAt);
}

function live(state: LiveState, now: number): LiveState {
  // Only a picture makes the link live: right after a reconnect the old one may still be shown.
  if (state.link === 'live' || (state.link === 'connecting' && state.rev === 0)) return state;
  return { ...state, link: 'live', linkSince: now, bye: null };
}

function apply(state: LiveState, input: LiveInput): LiveState {
  switch (input.type) {
    case 'snapshot':
      return {
        ...state,
        rev: Math.max(input.rev, 1),
        tracks: mergeTracks(new Map(), state.tracks, input.tracks),
        incidents: new Map(input.incidents.map((incident) => [incident.id, incident])),
        sensors: new Map(input.sensors.map((sensor) => [sensor.id, sensor])),
        pulse: input.pulse,
        geofenceRev: state.geofenceRev + 1,
        clockOffsetMs: offset(state, input.pulse, input.arrivedAt),
      };
    case 'tracks': {
      const tracks = mergeTracks(new Map(state.tracks), state.tracks, input.up);
      for (const no of input.gone) tracks.delete(no);
      return { ...state, rev: input.rev, tracks };
    }
    case 'incidents':
      return { ...state, rev: input.rev, incidents: mergeIncidents(state, input.changed) };
    case 'sensors': {
      const sensors = new Map(state.sensors);
      for (const sensor of input.changed) sensors.set(sensor.id, sensor);
      return { ...state, rev: input.rev, sensors };
    }
    case 'geofences':
      return { ...state, rev: input.rev, geofenceRev: state.geofenceRev + 1 };
    case 'pulse':
      // The hub says null until its sector's writer has spoken.
      if (typeof input.at_us !== 'number') return state;
      return { ...state, pulse: input, clockOffsetMs: offset(state, input, input.arrivedAt) };
    case 'bye':
      return { ...state, bye: { code: input.code, params: input.params } };
    case 'opened':
      return state;
    case 'lost':
      return state.link === 'live'
        ? { ...state, link: 'reconnecting', linkSince: input.arrivedAt }
        : state;
  }
}

function mergeTracks(
  into: Map<number, Track>,
  before: ReadonlyMap<number, Track>,
  rows: readonly TrackRow[],
): Map<number, Track> {
  for (const row of rows) into.set(row[0], decodeTrack(row, before.get(row[0])));
  return into;
}

function mergeIncidents(state: LiveState, changed: readonly Incident[]): Map<string, Incident> {
  const incidents = new Map(state.incidents);
  for (const incident of changed) {
    const known = incidents.get(incident.id);
    // An answer to our own action may have overtaken the feed.
    if (!known || incident.rev >= known.rev) incidents.set(incident.id, incident);
  }
  return incidents;
}

/** The smallest delay seen is the truest: a message can only arrive later than it was sent. */
function offset(state: LiveState, pulse: Pulse | null, arrivedAt: number): number | null {
  if (!pulse || pulse.writer === 'down') return state.clockOffsetMs;
  const seen = pulse.at_us / 1000 - arrivedAt;
  const held = state.clockOffsetMs;
  if (held === null || Math.abs(seen - held) > 5_000) return seen;
  return Math.max(seen, held - 2);
}

/** Alarms that ask for a person now and did not before: new ones, those that somebody else has
 * joined, and those that nobody took in time; none before the first picture. */
export function newAlarms(before: LiveState, after: LiveState): Incident[] {
  if (before.incidents === after.incidents || before.rev === 0) return [];
  return [...after.incidents.values()].filter(
    (incident) =>
      isWaiting(incident) &&
      !incident.historical &&
      asksAnew(before.incidents.get(incident.id), incident),
  );
}

const asksAnew = (before: Incident | undefined, now: Incident): boolean =>
  !before ||
  !isWaiting(before) ||
  now.tracks.length > before.tracks.length ||
  (now.overdue && !before.overdue);
