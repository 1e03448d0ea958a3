/** What this screen shows right now: open list, selection, drawing tool, notices. */

import { create } from 'zustand';
import type { Incident } from '../api/types';

export type Panel = 'alarms' | 'tracks' | 'zones' | 'sensors' | 'health' | 'nuisance' | 'settings';
export type Page = 'list' | 'map' | 'card';
export type Selection =
  | { kind: 'incident'; id: string }
  | { kind: 'track'; no: number }
  | { kind: 'geofence'; id: string }
  | { kind: 'sensor'; id: string }
  | { kind: 'edge'; id: string };

export const ALARM_TABS = ['open', 'resolved', 'suppressed'] as const;
export type AlarmTab = (typeof ALARM_TABS)[number];

export interface Notice {
  id: number;
  kind: 'resolved' | 'error' | 'done';
  text: string;
  /** Asks the hub to take it back. */
  undo?: () => Promise<Incident>;
}

export type StepDialog = 'dispatch' | 'resolve' | 'snooze' | 'merge' | 'split' | 'link' | 'note';
/** A question about rules: one of a geofence (null: a new one), its pause, or why none fired. */
export type RuleDialog =
  | { kind: 'rule'; geofence: string; rule: string | null }
  | { kind: 'pause'; geofence: string }
  | { kind: 'explain'; track: number };
/** Pictures: a camera's live one, a piece of an incident's footage, or asking for more of it. */
export type FootageDialog =
  | { kind: 'live'; sensor: string; why: string }
  | { kind: 'footage'; incident: string; piece: string }
  | { kind: 'ask_footage'; incident: string };
/** The question that is being asked: about an incident or a zone, or where one is to be made. */
export type Dialog =
  | { kind: StepDialog; id: string }
  | RuleDialog
  | FootageDialog
  | { kind: 'resolve_all'; name: string; ids: string[] }
  | { kind: 'make'; place: { lon: number; lat: number } | null };

interface View {
  panel: Panel;
  /** Which of the three pages a phone shows. */
  page: Page;
  selection: Selection | null;
  showQuiet: boolean;
  alarmTab: AlarmTab;
  finding: boolean;
  dialog: Dialog | null;
  notices: Notice[];
  /** A wish to the map: go close to a place, or only make sure that it is in sight. */
  goTo: { lon: number; lat: number; close: boolean } | null;
}

export const useView = create<View>()(() => ({
  panel: 'alarms',
  page: 'list',
  selection: null,
  showQuiet: false,
  alarmTab: 'open',
  finding: false,
  dialog: null,
  notices: [],
  goTo: null,
}));

const set = useView.setState;

export function openPanel(panel: Panel): void {
  set({ panel, page: 'list' });
}

export const showPage = (page: Page): void => set({ page });

/** Open an object's card; null closes it. */
export function select(selection: Selection | null): void {
  set((view) => ({
    selection,
    page: selection ? 'card' : view.page === 'card' ? 'list' : view.page,
  }));
}

export function goTo(lon: number, lat: number, close = true): void {
  set({ goTo: { lon, lat, close } });
}

export const ask = (dialog: Dialog | null): void => set({ dialog });

export const isSelected = (a: Selection | null, b: Selection): boolean =>
  a !== null &&
  a.kind === b.kind &&
  (a.kind === 'track' ? a.no === (b as typeof a).no : a.id === (b as typeof a).id);

let nextNotice = 1;

/** Show a notice; it leaves by itself after `ms`. */
export function notify(notice: Omit<Notice, 'id'>, ms = 8_000): void {
  const id = nextNotice++;
  set((view) => ({ notices: [...view.notices.slice(-2), { ...notice, id }] }));
  setTimeout(() => dismiss(id), ms);
}

export function dismiss(id: number): void {
  set((view) => ({ notices: view.notices.filter((notice) => notice.id !== id) }));
}
