/** A track as the screen holds it: the newest row and where it was over the last minute. */

import {
  CLASS_ORDER,
  type ObjectClass,
  TRACK_STATUS,
  type TrackRow,
  type TrackStatus,
} from '../api/types';

export const TAIL_MS = 60_000;
const TAIL_STEP_MS = 1_500;
/** Without a fresh position for this long, a track is drawn faded with its age. */
export const STALE_MS = 5_000;

export type TailPoint = readonly [lon: number, lat: number, atMs: number];

export interface Track {
  no: number;
  lon: number;
  lat: number;
  /** Covariance of the position: local east and north, m². */
  varEast: number;
  cov: number;
  varNorth: number;
  eastMps: number;
  northMps: number;
  status: TrackStatus;
  objectClass: ObjectClass;
  classPercent: number;
  atMs: number;
  /** Earlier places, oldest first, at most one per 1.5 s and none older than 60 s. */
  tail: readonly TailPoint[];
}

export function decodeTrack(row: TrackRow, before?: Track): Track {
  const [no, lon, lat, varEast, cov, varNorth, eastMps, northMps, status, classIndex, , atMs] = row;
  return {
    no,
    lon,
    lat,
    varEast,
    cov,
    varNorth,
    eastMps,
    northMps,
    status: TRACK_STATUS[status] ?? 'confirmed',
    objectClass: CLASS_ORDER[classIndex] ?? 'unknown',
    classPercent: row[10],
    atMs,
    tail: before ? grow(before, atMs) : [],
  };
}

function grow(before: Track, atMs: number): readonly TailPoint[] {
  const last = before.tail.at(-1);
  const due = !last || before.atMs - last[2] >= TAIL_STEP_MS;
  const first = before.tail[0];
  const expired = first !== undefined && atMs - first[2] > TAIL_MS;
  if (!due && !expired) return before.tail;
  const kept = expired ? before.tail.filter((p) => atMs - p[2] <= TAIL_MS) : before.tail;
  return due ? [...kept, [before.lon, before.lat, before.atMs] as const] : kept;
}

export const speedMps = (track: Track): number => Math.hypot(track.eastMps, track.northMps);

/** Degrees clockwise from true north. */
export const headingDeg = (track: Track): number =>
  ((Math.atan2(track.eastMps, track.northMps) * 180) / Math.PI + 360) % 360;
