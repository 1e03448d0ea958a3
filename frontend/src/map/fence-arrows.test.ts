import type { LineString, Position } from 'geojson';
import { describe, expect, it } from 'vitest';
import type { Direction } from '../api/types';
import { arrowFeatures } from './fence-arrows';

const north = (segments: number): LineString => ({
  type: 'LineString',
  coordinates: Array.from({ length: segments + 1 }, (_, i): Position => [24, 50 + i / segments]),
});
const bearings = (line: LineString, directions: Direction[]) =>
  arrowFeatures(line, directions).map((each) => Math.round(each.properties?.bearing));

describe('arrows of a tripwire', () => {
  it('point the way that counts', () => {
    expect(bearings(north(1), ['left_to_right'])).toEqual([90]);
    expect(bearings(north(1), ['right_to_left'])).toEqual([270]);
    expect(bearings(north(1), ['both'])).toEqual([90, 270]);
  });

  it('do not become a hatching on a line of many short segments', () => {
    const many = bearings(north(200), Array<Direction>(200).fill('left_to_right'));
    expect(many.length).toBeGreaterThanOrEqual(5);
    expect(many.length).toBeLessThanOrEqual(7);
  });

  it('show every change of direction', () => {
    const directions: Direction[] = [
      ...Array<Direction>(100).fill('left_to_right'),
      'right_to_left',
      ...Array<Direction>(99).fill('left_to_right'),
    ];
    expect(bearings(north(200), directions)).toContain(270);
  });
});
