/** Where in the form a refusal of the hub belongs, and by which word it is told; pure. */

import { ApiError } from '../../api/http';

export interface Refusal {
  /** The field it stands at; null: at the form as a whole. */
  field: string | null;
  reason: string;
  params: Record<string, unknown>;
}

/** A refused rule; null for any other error. */
export function refusalOf(error: unknown, kind: string): Refusal | null {
  if (!(error instanceof ApiError) || error.code !== 'rule.invalid') return null;
  const { reason, place } = error.params as { reason?: string; place?: string };
  const field = /^params\.(\w+)/.exec(place ?? '')?.[1] ?? (place === 'kind' ? 'kind' : null);
  if (reason === 'geofence_unknown') return { field: 'first', reason, params: error.params };
  // What several fields make together is wrong has a sentence of its kind.
  const whole = reason === 'params_invalid' && field === null && TOGETHER.has(kind);
  return { field, reason: whole ? kind : (reason ?? 'params_invalid'), params: error.params };
}

const TOGETHER = new Set(['speed', 'proximity']);
