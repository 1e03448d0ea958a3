/** The one store of the live picture, fed by the sector's event stream. */

import { create } from 'zustand';
import type { Incident } from '../api/types';
import { emptyLive, type LiveInput, type LiveState, newAlarms, reduceLive } from './live';

export const useLive = create<LiveState>()(() => emptyLive(null, Date.now()));

type AlarmListener = (alarms: Incident[]) => void;
const alarmListeners = new Set<AlarmListener>();

/** Hear of alarms that ask for a person now; called once per rendering, not per message. */
export function onNewAlarms(listener: AlarmListener): () => void {
  alarmListeners.add(listener);
  return () => alarmListeners.delete(listener);
}

export function applyLive(inputs: LiveInput[]): void {
  const before = useLive.getState();
  const after = inputs.reduce(reduceLive, before);
  useLive.setState(after, true);
  const alarms = newAlarms(before, after);
  if (alarms.length > 0) for (const listener of alarmListeners) listener(alarms);
}

/** Put the hub's answer to our own action into the picture without waiting for the feed. */
export function applyIncident(incident: Incident): void {
  const state = useLive.getState();
  const known = state.incidents.get(incident.id);
  if (known && known.rev > incident.rev) return;
  useLive.setState({ incidents: new Map(state.incidents).set(incident.id, incident) });
}

export function stopLive(): void {
  useLive.setState(emptyLive(null, Date.now()), true);
}

export function startLive(sector: string): void {
  useLive.setState(emptyLive(sector, Date.now()), true);
}
