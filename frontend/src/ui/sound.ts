/** The alarm's sound: two short tones, made here, no file. Browsers allow it only after a person
 * has touched the page; until then `soundReady` is false and the screen says so. */

import { useSyncExternalStore } from 'react';
import type { Severity } from '../api/types';

let context: AudioContext | null = null;
const listeners = new Set<() => void>();

function wake(): void {
  context ??= new AudioContext();
  context.resume().then(() => {
    for (const listener of listeners) listener();
  });
}

for (const gesture of ['pointerdown', 'keydown'] as const) {
  globalThis.addEventListener?.(gesture, wake, { once: true, capture: true });
}

export const useSoundReady = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => context?.state === 'running',
  );

const PITCH: Record<Severity, [first: number, second: number]> = {
  low: [440, 440],
  medium: [523, 440],
  high: [659, 523],
  very_high: [880, 659],
};

/** Ring once; higher and twice for what is worse. */
export function ring(severity: Severity, lifeAtRisk: boolean): void {
  if (context?.state !== 'running') return;
  const tones = PITCH[lifeAtRisk ? 'very_high' : severity];
  const times = lifeAtRisk || severity === 'very_high' ? 2 : 1;
  for (let i = 0; i < times * 2; i++) tone(tones[i % 2] as number, i * 0.17);
}

function tone(hz: number, afterS: number): void {
  if (!context) return;
  const start = context.currentTime + afterS;
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  oscillator.type = 'triangle';
  oscillator.frequency.value = hz;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(0.25, start + 0.015);
  gain.gain.exponentialRampToValueAtTime(0.001, start + 0.15);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.16);
}
