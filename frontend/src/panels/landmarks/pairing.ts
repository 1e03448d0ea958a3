/** Landmarks while they are being paired: a point in the picture, then its place on the map.
 * Pure; the picture, the map and the list only send words. */

/** In the picture: shares of its width and height, from its upper left corner. */
export interface Point {
  x: number;
  y: number;
}

export interface Landmark extends Point {
  no: number;
  name: string;
  lon: number;
  lat: number;
}

interface Step {
  landmarks: readonly Landmark[];
  /** Clicked in the picture, and not on the map yet. */
  waiting: Point | null;
}

export interface Pairing extends Step {
  before: readonly Step[];
  /** What was done last: several of the same, such as letters of a name, are undone as one. */
  last: string;
  saved: Step['landmarks'];
}

export type Word =
  | { type: 'see'; at: Point }
  | { type: 'place'; lon: number; lat: number; name: string }
  | { type: 'forget' }
  | { type: 'rename'; no: number; name: string }
  | { type: 'remove'; no: number }
  | { type: 'undo' }
  | { type: 'saved' };

/** So many are needed, and so many where the focal length is solved too. */
export const LEAST = 3;
export const LEAST_FOCAL = 4;

export const NO_PAIRS: Pairing = { landmarks: [], waiting: null, before: [], last: '', saved: [] };

export const nextNo = ({ landmarks }: Pairing): number =>
  1 + Math.max(0, ...landmarks.map(({ no }) => no));

/** Whether closing would lose landmarks. */
export const isUnsaved = ({ landmarks, saved }: Pairing): boolean =>
  landmarks.length > 0 && landmarks !== saved;

export function reducePairing(pairing: Pairing, word: Word): Pairing {
  const { landmarks, waiting, before } = pairing;
  const next = (step: Partial<Step>, last: string = word.type): Pairing => {
    const again = last === pairing.last && (word.type === 'see' || word.type === 'rename');
    return {
      ...pairing,
      ...step,
      last,
      before: again ? before : [...before, { landmarks, waiting }],
    };
  };
  switch (word.type) {
    case 'see':
      return next({ waiting: word.at });
    case 'place': {
      if (!waiting) return pairing;
      const { lon, lat, name } = word;
      const placed = { ...waiting, no: nextNo(pairing), name, lon, lat };
      return next({ landmarks: [...landmarks, placed], waiting: null });
    }
    case 'forget':
      return waiting ? next({ waiting: null }) : pairing;
    case 'rename': {
      const { no, name } = word;
      const renamed = landmarks.map((each) => (each.no === no ? { ...each, name } : each));
      return next({ landmarks: renamed }, `rename ${no}`);
    }
    case 'remove':
      return next({ landmarks: landmarks.filter(({ no }) => no !== word.no) });
    case 'undo': {
      const step = before.at(-1);
      return step ? { ...pairing, ...step, last: '', before: before.slice(0, -1) } : pairing;
    }
    case 'saved':
      return { ...pairing, saved: landmarks };
  }
}
