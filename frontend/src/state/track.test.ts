import { describe, expect, it } from 'vitest';
import { row } from './testing';
import { decodeTrack, headingDeg, speedMps, TAIL_MS, type Track } from './track';

const T0 = 1_700_000_000_000;

describe('a track row', () => {
  it('is read by its places', () => {
    const track = decodeTrack([7, 24, 50, 100, 5, 25, 3, -4, 2, 3, 91, T0]);
    expect(track).toMatchObject({
      no: 7,
      status: 'coasting',
      objectClass: 'animal',
      classPercent: 91,
      varNorth: 25,
      atMs: T0,
    });
    expect(speedMps(track)).toBe(5);
    expect(headingDeg(track)).toBeCloseTo(143.13, 2);
  });

  it('with a class that this screen does not know yet is an unknown object', () => {
    expect(decodeTrack([7, 24, 50, 1, 0, 1, 0, 0, 1, 9, 50, T0]).objectClass).toBe('unknown');
  });
});

describe('a tail', () => {
  it('holds at most a minute, at most a point per 1.5 s, oldest first', () => {
    let track: Track | undefined;
    for (let ms = 0; ms <= 180_000; ms += 200) track = decodeTrack(row(7, T0 + ms), track);
    const tail = track?.tail ?? [];
    expect(tail.length).toBeGreaterThan(30);
    expect(tail.length).toBeLessThanOrEqual(TAIL_MS / 1500 + 1);
    expect(tail.every((p) => T0 + 180_000 - p[2] <= TAIL_MS)).toBe(true);
    expect([...tail].sort((a, b) => a[2] - b[2])).toEqual(tail);
  });

  it('is the same object while nothing is added, so that drawing can tell', () => {
    const first = decodeTrack(row(7, T0));
    const second = decodeTrack(row(7, T0 + 1000), first);
    const third = decodeTrack(row(7, T0 + 1200), second);
    expect(third.tail).toBe(second.tail);
  });
});
