import { describe, expect, it } from 'vitest';
import { isUnsaved, NO_PAIRS, nextNo, reducePairing, type Word } from './pairing';

const see = (x: number, y: number): Word => ({ type: 'see', at: { x, y } });
const place = (name: string): Word => ({ type: 'place', lon: 24, lat: 50, name });
const pair = (name: string): Word[] => [see(0.25, 0.5), place(name)];
const rename = (no: number, name: string): Word => ({ type: 'rename', no, name });
const remove = (no: number): Word => ({ type: 'remove', no });
const UNDO: Word = { type: 'undo' };
const SAVED: Word = { type: 'saved' };

const told = (...words: Word[]) => words.reduce(reducePairing, NO_PAIRS);
const names = (...words: Word[]) => told(...words).landmarks.map(({ name }) => name);

describe('pairing landmarks', () => {
  it('joins the point last clicked in the picture with the place on the map', () => {
    expect(told(see(0.1, 0.2), see(0.25, 0.5), place('Mast'))).toMatchObject({
      landmarks: [{ no: 1, name: 'Mast', x: 0.25, y: 0.5, lon: 24, lat: 50 }],
      waiting: null,
    });
  });

  it('takes no place on the map before there is a point in the picture', () => {
    expect(told(place('Mast'))).toBe(NO_PAIRS);
    expect(names(...pair('Mast'), place('Mast'))).toEqual(['Mast']);
  });

  it('forgets the point that waits, and only that', () => {
    const left = told(...pair('Mast'), see(0, 0), { type: 'forget' });
    expect([left.landmarks.length, left.waiting]).toEqual([1, null]);
    expect(reducePairing(left, { type: 'forget' })).toBe(left);
  });

  it('keeps the numbers of those that stay', () => {
    const left = told(...pair('A'), ...pair('B'), ...pair('C'), remove(2));
    expect(left.landmarks.map(({ no }) => no)).toEqual([1, 3]);
    expect(nextNo(left)).toBe(4);
  });
});

describe('undoing', () => {
  it('takes back the place, then the point, and then nothing', () => {
    const undone = told(...pair('A'), UNDO);
    expect(undone).toMatchObject({ landmarks: [], waiting: { x: 0.25, y: 0.5 } });
    expect(reducePairing(undone, UNDO).waiting).toBeNull();
    expect(told(...pair('A'), UNDO, UNDO, UNDO)).toEqual(NO_PAIRS);
  });

  it('takes back a point with all that moved it, as one', () => {
    expect(told(see(0.1, 0), see(0.2, 0), see(0.3, 0), UNDO)).toEqual(NO_PAIRS);
    expect(told(see(0.1, 0), UNDO, see(0.2, 0), UNDO)).toEqual(NO_PAIRS);
  });

  it('brings back what was removed, with its name', () => {
    expect(names(...pair('A'), rename(1, 'Mast'), remove(1), UNDO)).toEqual(['Mast']);
  });

  it('takes back a name as one, however many letters it has', () => {
    const words = [...pair('A'), ...pair('B'), rename(1, 'M'), rename(1, 'Ma'), rename(2, 'F')];
    expect(names(...words)).toEqual(['Ma', 'F']);
    expect(names(...words, UNDO)).toEqual(['Ma', 'B']);
    expect(names(...words, UNDO, UNDO)).toEqual(['A', 'B']);
  });
});

describe('what closing would lose', () => {
  it('is nothing without landmarks, and all that was not downloaded', () => {
    expect(isUnsaved(NO_PAIRS)).toBe(false);
    expect(isUnsaved(told(see(0, 0)))).toBe(false);
    expect(isUnsaved(told(...pair('A')))).toBe(true);
    expect(isUnsaved(told(...pair('A'), SAVED))).toBe(false);
    expect(isUnsaved(told(...pair('A'), SAVED, see(0, 0)))).toBe(false);
    expect(isUnsaved(told(...pair('A'), SAVED, rename(1, 'B')))).toBe(true);
    expect(isUnsaved(told(...pair('A'), SAVED, rename(1, 'B'), UNDO))).toBe(false);
    expect(isUnsaved(told(...pair('A'), SAVED, remove(1)))).toBe(false);
  });
});
