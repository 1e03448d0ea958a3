/** Every route of the hub that the console uses, one function each. */

import { get, post, remove } from './http';
import type {
  Backtest,
  Disposition,
  Edge,
  EdgeLedger,
  Explanation,
  Footage,
  FootageAsk,
  Geofence,
  ImportedMap,
  Incident,
  IncidentDetail,
  Me,
  NewGeofence,
  NewIncident,
  Nuisance,
  Pause,
  Rule,
  RuleDraft,
  RuleKind,
  Sector,
  SensorPart,
  Suppressed,
  TrackDetail,
} from './types';

const sector = (id: string) => `/api/sectors/${encodeURIComponent(id)}`;
const geofence = (id: string, fence: string) =>
  `${sector(id)}/geofences/${encodeURIComponent(fence)}`;
const rule = (id: string) => `/api/rules/${encodeURIComponent(id)}`;
const incident = (id: string) => `/api/incidents/${encodeURIComponent(id)}`;

/** What a person can do to an incident. */
export type Step =
  | 'acknowledge'
  | 'hand_back'
  | 'dispatch'
  | 'recall'
  | 'arrive'
  | 'resolve'
  | 'reopen'
  | 'snooze'
  | 'wake'
  | 'merge'
  | 'split'
  | 'link'
  | 'unlink'
  | 'note';

/** Addresses of pictures, for elements that fetch by themselves. */
export const pictures = {
  footage: (id: string) => `/api/footage/${encodeURIComponent(id)}/octets`,
  live: (sensor: string, reason: string) =>
    `/api/sensors/${encodeURIComponent(sensor)}/live.mjpeg?${new URLSearchParams({ reason })}`,
};

export const hub = {
  login: (name: string, password: string) => post<void>('/api/login', { name, password }),
  logout: () => post<void>('/api/logout'),
  changePassword: (old_password: string, new_password: string) =>
    post<void>('/api/password', { old_password, new_password }),
  me: () => get<Me>('/api/me'),
  sectors: () => get<Sector[]>('/api/sectors'),
  maps: () => get<ImportedMap[]>('/api/maps'),
  geofences: (id: string) => get<Geofence[]>(`${sector(id)}/geofences`),
  createGeofence: (id: string, fence: NewGeofence) =>
    post<Geofence>(`${sector(id)}/geofences`, fence),
  /** Without a fate of the rules that need it the hub refuses, and names them. */
  deleteGeofence: (id: string, fence: string, fate: { end: boolean; moveTo: string | null }) => {
    const asked = new URLSearchParams();
    if (fate.end) asked.set('rules', 'end');
    if (fate.moveTo) asked.set('move_rules_to', fate.moveTo);
    return remove(`${geofence(id, fence)}?${asked}`);
  },
  pauseGeofence: (id: string, fence: string, pause: Pause) =>
    post<Geofence>(`${geofence(id, fence)}/pause`, pause),
  armGeofence: (id: string, fence: string) => post<Geofence>(`${geofence(id, fence)}/arm`),
  footage: (id: string) => get<Footage[]>(`${incident(id)}/footage`),
  askFootage: (asked: FootageAsk) => post<Footage>('/api/footage', asked),
  ruleKinds: () => get<RuleKind[]>('/api/rule-kinds'),
  putRule: (id: string, fence: string, draft: RuleDraft) =>
    post<Rule>(`${geofence(id, fence)}/rules`, draft),
  endRule: (id: string, fence: string, ended: string) =>
    remove(`${geofence(id, fence)}/rules/${encodeURIComponent(ended)}`),
  explain: (id: string, track: number, at: string) =>
    get<Explanation>(`${rule(id)}/explain?${new URLSearchParams({ track: String(track), at })}`),
  startBacktest: (id: string, days: number, draft: Omit<RuleDraft, 'id' | 'name'>) =>
    post<Backtest>(`${rule(id)}/backtest`, { days, ...draft }),
  backtest: (id: string) => get<Backtest>(`/api/backtests/${encodeURIComponent(id)}`),
  suppressed: (id: string, hours: number) =>
    get<Suppressed[]>(`${sector(id)}/suppressed?hours=${hours}`),
  resolvedIncidents: (id: string, limit = 200) =>
    get<Incident[]>(`${sector(id)}/incidents?status=resolved&limit=${limit}`),
  incident: (id: string) => get<IncidentDetail>(incident(id)),
  /** A verb that needs at most a few words beside it; gives the incident that goes on. */
  step: (id: string, verb: Step, said: Record<string, unknown> = {}) =>
    post<Incident>(`${incident(id)}/${verb}`, said),
  makeIncident: (id: string, made: NewIncident) => post<Incident>(`${sector(id)}/incidents`, made),
  resolveAll: (id: string, ids: string[], disposition: Disposition, note: string) =>
    post<{ resolved: number; refused: Record<string, string> }>(
      `${sector(id)}/incidents/resolve`,
      note ? { ids, disposition, note } : { ids, disposition },
    ),
  nuisance: (id: string, days: number) => get<Nuisance>(`${sector(id)}/nuisance?days=${days}`),
  evidence: (id: string) => get<{ sensors: SensorPart[] }>(`${incident(id)}/evidence`),
  track: (id: string, no: number) => get<TrackDetail>(`${sector(id)}/tracks/${no}`),
  edges: (id: string) => get<Edge[]>(`${sector(id)}/edges`),
  edgeLedger: (id: string, edge: string) =>
    get<EdgeLedger>(`${sector(id)}/edges/${encodeURIComponent(edge)}/ledger`),
  liveUrl: (id: string) => `${sector(id)}/live`,
};
