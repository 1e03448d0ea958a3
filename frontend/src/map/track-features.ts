/** Tracks as map features. Pure: what is drawn follows from the tracks, the time and the view. */

import type { Feature } from 'geojson';
import type { GeoJSONSourceDiff } from 'maplibre-gl';
import { headingDeg, STALE_MS, speedMps, TAIL_MS, type Track } from '../state/track';
import { ellipseAxes, ellipseRing, offset } from './geo';

/** How far ahead the speed line points. */
const LEADER_S = 30;
const MIN_SPEED_MPS = 0.3;

export interface Look {
  icon: string;
  label: string;
  opacity: number;
}

/** `ageLabel` writes an age in the screen's language. */
export function lookOf(track: Track, now: number, ageLabel: (ms: number) => string): Look {
  const silent = now - track.atMs;
  const stale = silent > STALE_MS;
  const kind =
    track.status === 'tentative'
      ? 'tentative'
      : stale || track.status === 'coasting'
        ? 'coasting'
        : 'confirmed';
  return {
    icon: `track-${track.objectClass}-${kind}`,
    label: stale ? `${track.no} · ${ageLabel(silent)}` : String(track.no),
    // Fades to 45 % over the minute after which its tail is gone as well.
    opacity: stale ? Math.round(Math.max(0.45, 0.9 - silent / 120_000) * 20) / 20 : 1,
  };
}

interface Sent extends Look {
  track: Track;
}

/** Remembers what the map holds and says only what changed since. */
export class TrackPoints {
  private sent = new Map<number, Sent>();

  /** What to tell the source so that it shows `tracks`; null when nothing changed. */
  diff(
    tracks: ReadonlyMap<number, Track>,
    now: number,
    ageLabel: (ms: number) => string,
  ): GeoJSONSourceDiff | null {
    const add: Feature[] = [];
    const update: NonNullable<GeoJSONSourceDiff['update']> = [];
    const remove: number[] = [];
    for (const no of this.sent.keys()) if (!tracks.has(no)) remove.push(no);
    for (const no of remove) this.sent.delete(no);
    for (const [no, track] of tracks) {
      const before = this.sent.get(no);
      if (before?.track === track && now - track.atMs <= STALE_MS) continue;
      const look = lookOf(track, now, ageLabel);
      if (!before) add.push(point(track, look));
      else {
        const properties = changed(before, look);
        const moved = before.track.lon !== track.lon || before.track.lat !== track.lat;
        if (moved || properties.length > 0) {
          update.push({
            id: no,
            ...(moved
              ? { newGeometry: { type: 'Point', coordinates: [track.lon, track.lat] } }
              : {}),
            addOrUpdateProperties: properties,
          });
        }
      }
      this.sent.set(no, { ...look, track });
    }
    return add.length + update.length + remove.length > 0 ? { add, update, remove } : null;
  }
}

function point(track: Track, look: Look): Feature {
  return {
    type: 'Feature',
    id: track.no,
    properties: { no: track.no, ...look },
    geometry: { type: 'Point', coordinates: [track.lon, track.lat] },
  };
}

function changed(before: Look, look: Look): { key: string; value: string | number }[] {
  const properties: { key: string; value: string | number }[] = [];
  for (const key of ['icon', 'label', 'opacity'] as const) {
    if (before[key] !== look[key]) properties.push({ key, value: look[key] });
  }
  return properties;
}

export interface Box {
  west: number;
  south: number;
  east: number;
  north: number;
}

const within = (track: Track, box: Box): boolean =>
  track.lon >= box.west &&
  track.lon <= box.east &&
  track.lat >= box.south &&
  track.lat <= box.north;

export function visible(tracks: ReadonlyMap<number, Track>, box: Box): Track[] {
  return [...tracks.values()].filter((track) => within(track, box));
}

/** Where each track was over the last minute, oldest first: the paint fades along the line. */
export function tails(tracks: readonly Track[], now: number): Feature[] {
  const features: Feature[] = [];
  for (const track of tracks) {
    const line = track.tail
      .filter((p) => now - p[2] <= TAIL_MS)
      .map((p): [number, number] => [p[0], p[1]]);
    if (line.length === 0) continue;
    line.push([track.lon, track.lat]);
    features.push({
      type: 'Feature',
      properties: {},
      geometry: { type: 'LineString', coordinates: line },
    });
  }
  return features;
}

/** A line to where each moving track will be in half a minute if it goes on as it does. */
export function leaders(tracks: readonly Track[], now: number): Feature[] {
  return tracks
    .filter((track) => speedMps(track) >= MIN_SPEED_MPS && now - track.atMs <= STALE_MS)
    .map((track) => ({
      type: 'Feature',
      properties: { bearing: headingDeg(track) },
      geometry: {
        type: 'LineString',
        coordinates: [
          [track.lon, track.lat],
          offset(track.lon, track.lat, track.eastMps * LEADER_S, track.northMps * LEADER_S),
        ],
      },
    }));
}

/** The area that holds each track with 95 % probability. */
export function ellipses(tracks: readonly Track[]): Feature[] {
  return tracks
    .filter((track) => track.varEast > 0 && track.varNorth > 0)
    .map((track) => ({
      type: 'Feature',
      properties: { no: track.no },
      geometry: {
        type: 'Polygon',
        coordinates: [
          ellipseRing(track.lon, track.lat, ellipseAxes(track.varEast, track.cov, track.varNorth)),
        ],
      },
    }));
}
