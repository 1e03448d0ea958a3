/** Made-up objects for tests. */

import type { Incident, Pulse, Sensor, TrackRow } from '../api/types';

export function incident(part: Partial<Incident> = {}): Incident {
  return {
    id: 'i1',
    no: 1,
    rev: 1,
    sector: 's',
    opened_at: '2026-11-24T00:00:00Z',
    known_at: '2026-11-24T00:00:01Z',
    last_at: '2026-11-24T00:00:01Z',
    status: 'new',
    condition: 'active',
    severity: 'medium',
    life_at_risk: false,
    historical: false,
    source: 'rule',
    title: null,
    rule: { id: 'r', version: 1, name: 'Rule', kind: 'cross' },
    geofence: { id: 'g', version: 1, name: 'Tripwire 14', kind: 'line' },
    lon: 24,
    lat: 50,
    place: {
      mgrs: '34UGA0000000000',
      chainage_m: null,
      offset_m: null,
      pillar: null,
      past_pillar_m: null,
    },
    tracks: [{ id: 't1', no: 7 }],
    findings: 1,
    alarm_at: (part.status ?? 'new') === 'new' ? '2026-11-24T00:00:00Z' : null,
    due_at: null,
    overdue: false,
    snoozed_until: null,
    snooze_reason: null,
    patrol: null,
    merged_into: null,
    links: [],
    disposition: null,
    acknowledged_at: null,
    acknowledged_by: null,
    resolved_at: null,
    resolved_by: null,
    ...part,
  };
}

export function sensor(part: Partial<Sensor> = {}): Sensor {
  return {
    id: 'radar-a',
    no: 1,
    name: 'Radar A',
    kind: 'radar',
    edge: 'edge-a',
    site: 'a',
    lon: 24,
    lat: 50,
    height_m: 200,
    field_of_view: null,
    simulated: true,
    state: 'ok',
    code: 'health.ok',
    at: null,
    known_at: null,
    ...part,
  };
}

export const row = (no: number, atMs: number, lon = 24, lat = 50): TrackRow => [
  no,
  lon,
  lat,
  100,
  0,
  25,
  1,
  1,
  1,
  0,
  80,
  atMs,
];

export const pulse = (atMs: number, part: Partial<Pulse> = {}): Pulse => ({
  at_us: atMs * 1000,
  detections_per_s: 10,
  lag_ms: 100,
  backlog: 0,
  edges_connected: 1,
  edges_total: 1,
  sensors_ok: 1,
  sensors_total: 1,
  writer: 'up',
  writer_since: null,
  ...part,
});
