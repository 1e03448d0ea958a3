/** In which order alarms ask for attention, and which may step back. */

import type { Incident, Severity } from '../api/types';

const RANK: Record<Severity, number> = { very_high: 3, high: 2, medium: 1, low: 0 };

/** Whether it waits for somebody to acknowledge it: it is new, or was raised again. */
export const isWaiting = (incident: Incident): boolean => incident.alarm_at !== null;

/** Life at risk first, then what waits, then severity, then the newest. */
export function byUrgency(a: Incident, b: Incident): number {
  return (
    Number(b.life_at_risk) - Number(a.life_at_risk) ||
    Number(isWaiting(b)) - Number(isWaiting(a)) ||
    Number(a.historical) - Number(b.historical) ||
    RANK[b.severity] - RANK[a.severity] ||
    b.opened_at.localeCompare(a.opened_at) ||
    b.no - a.no
  );
}

export const isOpen = (incident: Incident): boolean => incident.status !== 'resolved';

/** Put off, or acknowledged and over: nobody has to do anything now, and it may be folded away. */
export const isQuiet = (incident: Incident): boolean =>
  !incident.life_at_risk &&
  (incident.snoozed_until !== null ||
    (incident.status === 'acknowledged' &&
      incident.condition === 'cleared' &&
      !isWaiting(incident)));

export interface Queue {
  rows: Incident[];
  hidden: number;
  waiting: number;
}

export function queueOf(incidents: Iterable<Incident>, showQuiet: boolean): Queue {
  const open = [...incidents].filter(isOpen).sort(byUrgency);
  const rows = showQuiet ? open : open.filter((incident) => !isQuiet(incident));
  return {
    rows,
    hidden: open.length - rows.length,
    waiting: open.filter(isWaiting).length,
  };
}
