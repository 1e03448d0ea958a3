/** Looking for an object by what people call it; pure. */

import type { Geofence, Incident, Sensor } from '../api/types';
import type { Track } from '../state/track';
import type { Selection } from '../state/view';

export interface Found {
  id: string;
  kind: 'incident' | 'track' | 'sensor' | 'geofence' | 'place';
  text: string;
  selection: Selection | null;
  lon: number | null;
  lat: number | null;
}

export interface Findable {
  incidents: Iterable<Incident>;
  tracks: Iterable<Track>;
  sensors: Iterable<Sensor>;
  geofences: Iterable<Geofence>;
  /** What an alarm and a track are called on this screen. */
  nameIncident: (incident: Incident) => string;
  nameTrack: (track: Track) => string;
}

const MOST = 30;

/** `48.71234, 22.19876` (latitude first) as a place, or null. */
export function parseCoordinates(text: string): { lat: number; lon: number } | null {
  const match = /^\s*(-?\d{1,2}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text);
  if (!match) return null;
  const [lat, lon] = [Number(match[1]), Number(match[2])];
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : null;
}

/** What fits, best first: the very number, then what begins with the word, then what holds it. */
export function find(text: string, where: Findable): Found[] {
  const word = text.trim().toLocaleLowerCase();
  if (!word) return [];
  const found: { entry: Found; rank: number }[] = [];
  const offer = (entry: Found, no?: number) => {
    const name = entry.text.toLocaleLowerCase();
    const at = name.indexOf(word.replace(/^#/, ''));
    if (at < 0) return;
    found.push({ entry, rank: String(no) === word.replace(/^#/, '') ? 0 : at === 0 ? 1 : 2 });
  };
  for (const incident of where.incidents) offer(ofIncident(incident, where), incident.no);
  for (const track of where.tracks) offer(ofTrack(track, where), track.no);
  for (const sensor of where.sensors) offer(ofSensor(sensor));
  for (const fence of where.geofences) offer(ofGeofence(fence));
  found.sort((a, b) => a.rank - b.rank);
  const best = found.slice(0, MOST).map(({ entry }) => entry);
  const place = parseCoordinates(text);
  return place ? [ofPlace(place), ...best] : best;
}

const ofIncident = (incident: Incident, where: Findable): Found => ({
  id: `incident ${incident.id}`,
  kind: 'incident',
  text: where.nameIncident(incident),
  selection: { kind: 'incident', id: incident.id },
  lon: incident.lon,
  lat: incident.lat,
});

const ofTrack = (track: Track, where: Findable): Found => ({
  id: `track ${track.no}`,
  kind: 'track',
  text: where.nameTrack(track),
  selection: { kind: 'track', no: track.no },
  lon: track.lon,
  lat: track.lat,
});

const ofSensor = (sensor: Sensor): Found => ({
  id: `sensor ${sensor.id}`,
  kind: 'sensor',
  text: sensor.name,
  selection: { kind: 'sensor', id: sensor.id },
  lon: sensor.lon,
  lat: sensor.lat,
});

const ofGeofence = (fence: Geofence): Found => ({
  id: `geofence ${fence.id}`,
  kind: 'geofence',
  text: fence.name,
  selection: { kind: 'geofence', id: fence.id },
  lon: null,
  lat: null,
});

const ofPlace = (place: { lat: number; lon: number }): Found => ({
  id: 'place',
  kind: 'place',
  text: `${place.lat}, ${place.lon}`,
  selection: null,
  ...place,
});
