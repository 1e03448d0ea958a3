/** One clock for all ages and times on screen: the hub's, ticking once a second. */

import { useSyncExternalStore } from 'react';
import { useLive } from './live-store';
import type { Track } from './track';

let tick = Date.now();
const subscribers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(callback: () => void): () => void {
  subscribers.add(callback);
  timer ??= setInterval(() => {
    tick = Date.now();
    for (const each of subscribers) each();
  }, 1_000);
  return () => {
    subscribers.delete(callback);
    if (subscribers.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Browser time of the last tick, ms. */
export const useTick = (): number => useSyncExternalStore(subscribe, () => tick);

/** Hub time of the last tick, ms; the browser's own clock until the hub has told its time. */
export function useNow(): number {
  const offset = useLive((state) => state.clockOffsetMs) ?? 0;
  return useTick() + offset;
}

/** A track as of the last tick: numbers that change faster cannot be read. */
export function useSteadyTrack(no: number): Track | undefined {
  useTick();
  return useLive.getState().tracks.get(no);
}

/** Hub time at this instant, for code outside React. */
export const hubNow = (): number => Date.now() + (useLive.getState().clockOffsetMs ?? 0);
