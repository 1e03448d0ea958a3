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

export function find(text: string, where: Findable): Found[] {
  const word = text.trim().toLocaleLowerCase();
  if (!word) return [];
  const found: Found[] = [];
  const place = parseCoordinates(text);
  if (place) {
    found.push({
      id: 'place',
      kind: 'place',
      text: `${place.lat}, ${place.lon}`,
      selection: null,
      ...place,
    });
  }
  const offer = (entry: Found) => {
    if (found.length < MOST && entry.text.toLocaleLowerCase().includes(word)) found.push(entry);
  };
  for (const incident of where.incidents) {
    offer({
      id: `incident ${incident.id}`,
      kind: 'incident',
      text: where.nameIncident(incident),
      selection: { kind: 'incident', id: incident.id },
      lon: incident.lon,
      lat: incident.lat,
    });
  }
  for (const sensor of where.sensors) {
    offer({
      id: `sensor ${sensor.id}`,
      kind: 'sensor',
      text: sensor.name,
      selection: { kind: 'sensor', id: sensor.id },
      lon: sensor.lon,
      lat: sensor.lat,
    });
  }
  for (const fence of where.geofences) {
    offer({
      id: `geofence ${fence.id}`,
      kind: 'geofence',
      text: fence.name,
      selection: { kind: 'geofence', id: fence.id },
      lon: null,
      lat: null,
    });
  }
  for (const track of where.tracks) {
    offer({
      id: `track ${track.no}`,
      kind: 'track',
      text: where.nameTrack(track),
      selection: { kind: 'track', no: track.no },
      lon: track.lon,
      lat: track.lat,
    });
  }
  return found;
}
