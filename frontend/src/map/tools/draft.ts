/** A zone or tripwire while it is being drawn. Pure; the map tool and the form only send words. */

import type { LineString, Polygon, Position } from 'geojson';
import type { Direction, GeofenceKind, NewGeofence, Severity } from '../../api/types';
import { distanceM, selfIntersects } from '../geo';

/** Points closer than this to the one before add nothing to a shape. */
const MIN_STEP_M = 1;

export interface Draft {
  kind: GeofenceKind;
  points: Position[];
  /** No more points are added; they can still be moved. */
  done: boolean;
  direction: Direction;
}

export type DraftWord =
  | { type: 'add'; at: Position }
  | { type: 'undo' }
  | { type: 'move'; index: number; to: Position }
  | { type: 'finish' }
  | { type: 'direction'; direction: Direction };

export const emptyDraft = (kind: GeofenceKind): Draft => ({
  kind,
  points: [],
  done: false,
  direction: 'both',
});

export function reduceDraft(draft: Draft, word: DraftWord): Draft {
  switch (word.type) {
    case 'add': {
      const last = draft.points.at(-1);
      if (draft.done || (last && distanceM(last, word.at) < MIN_STEP_M)) return draft;
      return { ...draft, points: [...draft.points, word.at] };
    }
    case 'undo':
      return draft.done
        ? { ...draft, done: false }
        : { ...draft, points: draft.points.slice(0, -1) };
    case 'move':
      return {
        ...draft,
        points: draft.points.map((point, i) => (i === word.index ? word.to : point)),
      };
    case 'finish':
      return defect(draft) ? draft : { ...draft, done: true };
    case 'direction':
      return { ...draft, direction: word.direction };
  }
}

/** Why the shape cannot be saved, as a code, or null. */
export function defect(draft: Draft): 'too_few' | 'crosses_itself' | null {
  if (draft.points.length < (draft.kind === 'area' ? 3 : 2)) return 'too_few';
  return draft.kind === 'area' && selfIntersects(draft.points) ? 'crosses_itself' : null;
}

export function geometryOf(draft: Draft): Polygon | LineString {
  return draft.kind === 'line'
    ? { type: 'LineString', coordinates: draft.points }
    : { type: 'Polygon', coordinates: [[...draft.points, draft.points[0] as Position]] };
}

export interface Wish {
  name: string;
  severity: Severity;
  /** Rule kinds for a zone; a tripwire always counts crossings. */
  onEnter: boolean;
  onExit: boolean;
}

/** What is sent to the hub for a finished draft. */
export function requestOf(draft: Draft, wish: Wish): NewGeofence {
  const kinds =
    draft.kind === 'line'
      ? ['cross']
      : [...(wish.onEnter ? ['enter'] : []), ...(wish.onExit ? ['exit'] : [])];
  return {
    name: wish.name.trim(),
    kind: draft.kind,
    geom: geometryOf(draft),
    ...(draft.kind === 'line'
      ? { directions: draft.points.slice(1).map(() => draft.direction) }
      : {}),
    rules: kinds.map((kind) => ({ kind, severity: wish.severity })),
  };
}
