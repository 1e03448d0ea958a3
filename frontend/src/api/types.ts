/** What the hub says and is told, by the words of its HTTP API. Times are ISO 8601 UTC. */

import type { LineString, Polygon } from 'geojson';

export type Severity = 'low' | 'medium' | 'high' | 'very_high';
export type IncidentStatus = 'new' | 'acknowledged' | 'dispatched' | 'on_scene' | 'resolved';
export const SOURCES = ['phone', 'footprints', 'patrol', 'other'] as const;
/** Who told of it, when no rule did. */
export type Source = (typeof SOURCES)[number];
export const SEVERITIES: Severity[] = ['low', 'medium', 'high', 'very_high'];
export type Direction = 'both' | 'left_to_right' | 'right_to_left';
export type SensorState = 'ok' | 'degraded' | 'failed' | 'goodbye' | 'offline';
export type GeofenceKind = 'area' | 'line';

export const CLASS_ORDER = ['person', 'group', 'vehicle', 'animal', 'unknown'] as const;
export type ObjectClass = (typeof CLASS_ORDER)[number];

export const TRACK_STATUS = ['tentative', 'confirmed', 'coasting', 'ended'] as const;
export type TrackStatus = (typeof TRACK_STATUS)[number];

export const DISPOSITIONS = [
  'genuine_crossing',
  'genuine_smuggling',
  'genuine_distress',
  'genuine_other',
  'nuisance_animal',
  'nuisance_weather',
  'nuisance_vegetation',
  'nuisance_friendly',
  'nuisance_civilian',
  'no_target',
  'technical',
  'unknown',
] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

export interface Me {
  id: string;
  name: string;
  must_change: boolean;
}

export interface Sector {
  id: string;
  name: string;
  time_zone: string;
  synthetic: boolean;
  geom: Polygon;
  origin: [number, number];
  rev: number;
}

export interface FieldOfView {
  azimuth_deg: number;
  width_deg: number;
  min_range_m: number;
  max_range_m: number;
}

export interface Sensor {
  id: string;
  no: number;
  name: string;
  kind: string;
  edge: string;
  site: string | null;
  lon: number;
  lat: number;
  height_m: number;
  field_of_view: FieldOfView | null;
  simulated: boolean;
  state: SensorState;
  code: string | null;
  at: string | null;
  known_at: string | null;
}

export interface Rule {
  id: string;
  version: number;
  name: string;
  kind: string;
  severity: Severity;
  params: Record<string, unknown>;
}

/** A rule to be made, or the next version of the one whose id is given. */
export interface RuleDraft {
  id?: string;
  kind: string;
  severity: Severity;
  name?: string;
  params: Record<string, unknown>;
}

/** As much of JSON schema as the kinds of rules use. */
export interface JsonSchema {
  type?: string;
  enum?: string[];
  anyOf?: JsonSchema[];
  items?: JsonSchema | false;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
}

/** What a kind of rule may ask; `shared` is what every kind may. */
export interface RuleKind {
  name: string;
  over: GeofenceKind[];
  of_tracks: boolean;
  life_at_risk: boolean;
  properties: Record<string, JsonSchema>;
  required: string[];
  defaults: Record<string, unknown>;
  shared: string[];
}

export interface Backtest {
  id: string;
  rule: string;
  days: number;
  status: 'queued' | 'running' | 'done' | 'failed';
  progress: number;
  code: string | null;
  result: {
    from: string;
    to: string;
    detections: number;
    findings: number;
    findings_per_day: Record<string, number>;
    appear: number;
    /** Numbers of incidents. */
    vanish: number[];
    confirmed_lost: number[];
    postgis: { findings: number } | null;
  } | null;
}

/** A plot of a track as a rule sees it: `p_inside` of a zone, or `z` (in σ) from a tripwire. */
export interface ExplainedPlot {
  at_us: number;
  sigma_m: number;
  speed_mps: number;
  hits: number;
  age_s: number;
  p_inside?: number;
  z?: number;
}

/** What a rule made of a track around a time. */
export interface Explanation {
  rule: string;
  rule_version: number;
  kind: string;
  geofence: string;
  track: number;
  at: string;
  fired: boolean;
  findings: { at_us: number; evidence: Record<string, unknown> }[];
  failed: { predicate: string; asked: unknown; had: unknown } | null;
  inputs: ExplainedPlot[];
}

/** A finding that was kept and not raised. */
export interface Suppressed {
  rule_id: string;
  geofence_id: string;
  track_no: number;
  kind: string;
  at: string;
  reason: string;
  evidence: Record<string, unknown>;
}

export const PURPOSES = ['alarm', 'detection_limit', 'exclusion', 'no_look', 'coverage'] as const;
export const DAY_MINUTES = 24 * 60;
export const WEEK_MINUTES = 7 * DAY_MINUTES;

/** A part of a day, Monday being 0. */
export interface ClockWindow {
  day: number;
  start: string;
  end: string;
}

export const LIGHTS = ['day', 'twilight', 'dark'] as const;

export interface Schedule {
  valid_from: string | null;
  valid_until: string | null;
  weekly: ClockWindow[];
  light: (typeof LIGHTS)[number][];
}

export const PAUSE_REASONS = ['disarmed', 'maintenance'] as const;

export interface Pause {
  reason: (typeof PAUSE_REASONS)[number];
  until: string;
}

/** What a zone was drawn as where its polygon is only the outline of that. */
export type Drawn =
  | { type: 'Circle'; coordinates: [number, number]; radius_m: number }
  | { type: 'Corridor'; coordinates: [number, number][]; left_m: number; right_m: number };

export interface Geofence {
  id: string;
  version: number;
  name: string;
  kind: GeofenceKind;
  purpose: (typeof PURPOSES)[number];
  geom: Polygon | LineString;
  drawn: Drawn | null;
  directions: Direction[] | null;
  p_in: number;
  p_out: number;
  schedule: Schedule | null;
  pause: Pause | null;
  /** Whether it counts now. */
  in_force: boolean;
  rules: Rule[];
}

export interface NewGeofence {
  name: string;
  kind: GeofenceKind;
  geom: Polygon | LineString;
  directions?: Direction[];
  rules: { kind: string; severity: Severity; name?: string }[];
}

export interface IncidentReference {
  id: string;
  no: number;
}

/** Where something is: `mgrs` to the metre, the rest null without a border line. */
export interface Place {
  mgrs: string;
  chainage_m: number | null;
  /** Positive on the left as seen along the border. */
  offset_m: number | null;
  pillar: string | null;
  past_pillar_m: number | null;
}

export interface Incident {
  id: string;
  no: number;
  rev: number;
  sector: string;
  opened_at: string;
  known_at: string;
  last_at: string;
  status: IncidentStatus;
  condition: 'active' | 'cleared';
  severity: Severity;
  life_at_risk: boolean;
  historical: boolean;
  source: 'rule' | Source;
  /** What its maker called it; null for one that a rule raised. */
  title: string | null;
  rule: { id: string; version: number; name: string; kind: string } | null;
  geofence: { id: string; version: number; name: string; kind: GeofenceKind } | null;
  lon: number;
  lat: number;
  place: Place;
  /** `no` is null until the track's row is written. */
  tracks: { id: string; no: number | null }[];
  findings: number;
  /** Since when it waits for a person, and until when that should be; null: it does not. */
  alarm_at: string | null;
  due_at: string | null;
  overdue: boolean;
  snoozed_until: string | null;
  snooze_reason: string | null;
  patrol: string | null;
  merged_into: IncidentReference | null;
  links: IncidentReference[];
  disposition: Disposition | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  resolved_at: string | null;
  resolved_by: string | null;
}

export interface NewIncident {
  source: Source;
  title: string;
  severity: Severity;
  life_at_risk: boolean;
  lon: number;
  lat: number;
  note?: string;
}

export interface IncidentEvent {
  no: number;
  at: string;
  known_at: string;
  kind: string;
  actor: string;
  detail: Record<string, unknown>;
}

export interface Evidence {
  id: string;
  rule: string;
  geofence: string | null;
  /** The track's id. */
  track: string;
  kind: string;
  at: string;
  lon: number;
  lat: number;
  evidence: Record<string, unknown>;
}

/** A sensor that had a part in an incident: its detections of the incident's tracks. */
export interface SensorPart {
  id: string;
  no: number;
  name: string;
  kind: string;
  /** null where only the track itself tells of the sensor. */
  detections: number | null;
  first_at: string | null;
  last_at: string | null;
  moved_since: boolean;
}

/** Alarms per day with the exact 95 % interval. */
export interface Rate {
  per_day: number;
  low: number;
  high: number;
}

/** Alarms with one thing in common, by what they turned out to be. */
export interface NuisanceGroup {
  key: string;
  name: string;
  alarms: number;
  genuine: number;
  nuisance: number;
  false: number;
  unknown: number;
  unjudged: number;
  nar: Rate;
  far: Rate;
  /** Those that are not resolved yet. */
  open: string[];
}

/** A condition that somebody could add to a rule, and what it would have hidden. */
export interface SuggestedFilter {
  kind: 'min_hits' | 'not_hour' | 'not_class' | 'not_alone';
  rule: string;
  rule_name: string;
  geofence: string | null;
  geofence_name: string | null;
  value: string | number;
  genuine: number;
  harmless: number;
  unjudged: number;
  of: number;
  hidden: {
    id: string;
    no: number;
    verdict: 'genuine' | 'nuisance' | 'false' | 'unknown' | 'unjudged';
    life_at_risk: boolean;
  }[];
}

export const GROUPINGS = ['sensor', 'geofence', 'hour', 'weather'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export interface Nuisance {
  days: number;
  complete: boolean;
  all: NuisanceGroup;
  by: Record<Grouping, NuisanceGroup[]>;
  filters: SuggestedFilter[];
}

export interface IncidentDetail extends Incident {
  events: IncidentEvent[];
  evidence: Evidence[];
}

export interface TrackDetail {
  id: string;
  no: number;
  status: TrackStatus;
  first_at: string;
  last_at: string;
  lon: number;
  lat: number;
  classes: Partial<Record<ObjectClass, number>>;
  sensors: (string | number)[];
  hits: number;
  path: [number, number, number][];
}

export interface ImportedMap {
  id: string;
  name: string;
  kind: 'pmtiles' | 'raster';
  url: string;
  bounds: [number, number, number, number] | null;
}

export type AreaLayer = 'land' | 'forest' | 'river' | 'roads' | 'borders' | 'labels';
type Corner = [lon: number, lat: number];

/** The built-in map's table of contents, `/basemap/area.json`. */
export interface Area {
  name: string;
  synthetic?: boolean;
  layers?: Partial<Record<AreaLayer, { file: string; synthetic: boolean }>>;
  hillshade?: { file: string; coordinates: [Corner, Corner, Corner, Corner] } | null;
}

/** One track on the live feed; the meaning of each place is that of `decodeTrack`. */
export type TrackRow = [
  no: number,
  lon: number,
  lat: number,
  varEast: number,
  cov: number,
  varNorth: number,
  eastMps: number,
  northMps: number,
  status: number,
  classIndex: number,
  classPercent: number,
  atMs: number,
];

/** Something about the system itself that a person must know. */
export interface SystemAlarm {
  code: string;
  severity: 'warning' | 'critical';
  /** null: about all sectors. */
  sector: string | null;
  /** null only where nobody knows. */
  since: string | null;
  params: Record<string, string | number>;
}

export type EdgeState = 'connected' | 'silent' | 'offline' | 'off' | 'never_heard';

/** An edge computer and its books: settled + on_the_way + missing = expected. */
export interface Edge {
  id: string;
  state: EdgeState;
  seen_at: string | null;
  skew_ms: number | null;
  expected: number;
  settled: number;
  on_the_way: number;
  missing: number;
  detections: number;
  others: number;
  quarantined: number;
  lost: number;
}

/** What is not among an edge's detections; it was given out between the times. */
export interface Gap {
  boot: string;
  from_seq: number;
  to_seq: number;
  kind: 'missing' | 'lost' | 'quarantined';
  code: string | null;
  from_at: string | null;
  to_at: string;
}

/** An hour of an edge's books: settled + missing = expected; lost is a part of settled. */
export interface Hour {
  hour: string;
  expected: number;
  settled: number;
  missing: number;
  lost: number;
}

export interface EdgeLedger {
  gaps: Gap[];
  hours: Hour[];
}

export interface Pulse {
  at_us: number;
  detections_per_s: number;
  lag_ms: number;
  backlog: number;
  edges_connected: number;
  edges_total: number;
  sensors_ok: number;
  sensors_total: number;
  writer?: 'up' | 'down';
  writer_since?: string | null;
  alarms?: SystemAlarm[];
}

export type LiveMessage =
  | {
      type: 'snapshot';
      rev: number;
      at_us: number;
      tracks: TrackRow[];
      incidents: Incident[];
      sensors: Sensor[];
      pulse: Pulse | null;
    }
  | { type: 'tracks'; rev: number; at_us: number; up: TrackRow[]; gone: number[] }
  | { type: 'incidents'; rev: number; changed: Incident[] }
  | { type: 'sensors'; rev: number; changed: Sensor[] }
  | { type: 'geofences'; rev: number }
  | ({ type: 'pulse' } & Pulse)
  | { type: 'bye'; code: string; params: Record<string, unknown> };

/** Where a tracklet was in a picture, as shares of its width and height. */
export interface Outline {
  sensor_track: string;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** A piece of footage: asked of a camera's edge, and what came of it. */
export interface Footage {
  id: string;
  incident: string | null;
  sensor: string;
  kind: 'snapshot' | 'clip';
  state: 'asked' | 'kept' | 'absent';
  /** Why it is absent. */
  code: string | null;
  /** What was asked; the same for a snapshot. */
  from: string;
  until: string;
  /** The first and the last frame that came. */
  first_at: string | null;
  last_at: string | null;
  sha256: string | null;
  bytes: number | null;
  outlines: Outline[];
  /** Who asked; null: the incident itself did. */
  asked_by: string | null;
  reason: string | null;
  asked_at: string;
  expires_at: string;
}

export interface FootageAsk {
  sensor: string;
  kind: Footage['kind'];
  from: string;
  until: string;
  incident: string | null;
  reason: string;
}
