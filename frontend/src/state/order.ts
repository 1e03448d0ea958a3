/** In which order alarms ask for attention, and which may step back. */

import type { Incident, Severity } from '../api/types';

const RANK: Record<Severity, number> = { very_high: 3, high: 2, medium: 1, low: 0 };

/** Life at risk first, then what nobody has taken, then severity, then the newest. */
export function byUrgency(a: Incident, b: Incident): number {
  return (
    Number(b.life_at_risk) - Number(a.life_at_risk) ||
    Number(b.status === 'new') - Number(a.status === 'new') ||
    Number(a.historical) - Number(b.historical) ||
    RANK[b.severity] - RANK[a.severity] ||
    b.opened_at.localeCompare(a.opened_at) ||
    b.no - a.no
  );
}

export const isOpen = (incident: Incident): boolean => incident.status !== 'resolved';

/** Acknowledged and over: it waits for a disposition, and may be folded away. */
export const isQuiet = (incident: Incident): boolean =>
  incident.status === 'acknowledged' && incident.condition === 'cleared' && !incident.life_at_risk;

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
    waiting: open.filter((incident) => incident.status === 'new').length,
  };
}
