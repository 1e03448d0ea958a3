import { describe, expect, it } from 'vitest';
import { type Draft, type DraftWord, defect, emptyDraft, reduceDraft, requestOf } from './draft';

const draw = (kind: 'area' | 'line', points: [number, number][], ...words: DraftWord[]): Draft =>
  [...points.map((at): DraftWord => ({ type: 'add', at })), ...words].reduce(
    reduceDraft,
    emptyDraft(kind),
  );
const WISH = { name: ' Ford ', severity: 'high', onEnter: true, onExit: false } as const;
const A: [number, number] = [24, 50];
const B: [number, number] = [24.01, 50];
const C: [number, number] = [24.01, 50.01];
const D: [number, number] = [24, 50.01];

describe('drawing', () => {
  it('makes a closed zone of three corners and not of two', () => {
    expect(draw('area', [A, B], { type: 'finish' }).done).toBe(false);
    const zone = draw('area', [A, B, C], { type: 'finish' });
    expect(zone.done).toBe(true);
    expect(requestOf(zone, WISH)).toEqual({
      name: 'Ford',
      kind: 'area',
      geom: { type: 'Polygon', coordinates: [[A, B, C, A]] },
      rules: [{ kind: 'enter', severity: 'high' }],
    });
  });

  it('gives each segment of a tripwire its direction', () => {
    const line = draw(
      'line',
      [A, B, C],
      { type: 'direction', direction: 'right_to_left' },
      { type: 'finish' },
    );
    expect(requestOf(line, WISH)).toMatchObject({
      kind: 'line',
      directions: ['right_to_left', 'right_to_left'],
      rules: [{ kind: 'cross', severity: 'high' }],
    });
  });

  it('refuses an outline that crosses itself', () => {
    const knot = draw('area', [A, C, B, D], { type: 'finish' });
    expect(knot.done).toBe(false);
    expect(defect(knot)).toBe('crosses_itself');
  });

  it('ignores the second click of a double click', () => {
    expect(draw('line', [A, A, B]).points.length).toBe(2);
  });

  it('takes back a point, or the end of the drawing', () => {
    const done = draw('line', [A, B], { type: 'finish' });
    const again = reduceDraft(done, { type: 'undo' });
    expect(again).toMatchObject({ done: false, points: [A, B] });
    expect(reduceDraft(again, { type: 'undo' }).points).toEqual([A]);
  });

  it('lets a corner be moved even when done', () => {
    const moved = draw('line', [A, B], { type: 'finish' }, { type: 'move', index: 1, to: C });
    expect(moved.points).toEqual([A, C]);
  });
});
