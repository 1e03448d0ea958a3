import { describe, expect, it } from 'vitest';
import { row } from '../state/testing';
import { decodeTrack, type Track } from '../state/track';
import { ellipses, leaders, lookOf, TrackPoints, tails, visible } from './track-features';

const T0 = 1_700_000_000_000;
const age = (ms: number) => `${Math.floor(ms / 1000)} s`;
const lineOf = (feature?: GeoJSON.Feature) =>
  feature?.geometry.type === 'LineString' ? feature.geometry.coordinates : [];
const picture = (...tracks: Track[]) => new Map(tracks.map((track) => [track.no, track]));

describe('the points of tracks', () => {
  it('are told to the map as differences', () => {
    const points = new TrackPoints();
    const first = decodeTrack(row(7, T0));
    expect(points.diff(picture(first), T0, age)?.add?.length).toBe(1);
    expect(points.diff(picture(first), T0 + 200, age)).toBeNull();

    const moved = decodeTrack(row(7, T0 + 400, 24.001), first);
    const other = decodeTrack(row(8, T0 + 400));
    const second = points.diff(picture(moved, other), T0 + 400, age);
    expect(second?.add?.map((each) => each.id)).toEqual([8]);
    expect(second?.update).toEqual([
      {
        id: 7,
        newGeometry: { type: 'Point', coordinates: [24.001, 50] },
        addOrUpdateProperties: [],
      },
    ]);

    const third = points.diff(picture(other), T0 + 600, age);
    expect(third?.remove).toEqual([7]);
  });

  it('fade and carry their age once they are stale', () => {
    const track = decodeTrack(row(7, T0));
    const points = new TrackPoints();
    points.diff(picture(track), T0, age);
    const diff = points.diff(picture(track), T0 + 12_000, age);
    expect(diff?.update?.[0]?.newGeometry).toBeUndefined();
    expect(diff?.update?.[0]?.addOrUpdateProperties).toContainEqual({
      key: 'label',
      value: '7 · 12 s',
    });
    const look = lookOf(track, T0 + 12_000, age);
    expect(look.icon).toBe('track-person-coasting');
    expect(look.opacity).toBeLessThan(0.85);
    expect(lookOf(track, T0 + 4_000, age)).toMatchObject({ label: '7', opacity: 1 });
  });

  it('of 2,000 moving tracks take less than a frame or two', () => {
    const points = new TrackPoints();
    const at = (ms: number, before?: Map<number, Track>) =>
      picture(
        ...Array.from({ length: 2000 }, (_, i) =>
          decodeTrack(row(i, T0 + ms, 24 + ms * 1e-8), before?.get(i)),
        ),
      );
    const first = at(0);
    points.diff(first, T0, age);
    const second = at(200, first);
    const start = performance.now();
    const diff = points.diff(second, T0 + 200, age);
    expect(performance.now() - start).toBeLessThan(100);
    expect(diff?.update?.length).toBe(2000);
  });
});

describe('shapes around tracks', () => {
  it('are drawn only for what is in view', () => {
    const here = decodeTrack(row(7, T0, 24, 50));
    const away = decodeTrack(row(8, T0, 30, 50));
    const box = { west: 23, east: 25, south: 49, north: 51 };
    expect(visible(picture(here, away), box).map((track) => track.no)).toEqual([7]);
  });

  it('tails end at the track and drop what is older than a minute', () => {
    let track = decodeTrack(row(7, T0, 24));
    for (let s = 2; s <= 20; s += 2) track = decodeTrack(row(7, T0 + s * 1000, 24 + s), track);
    const [tail] = tails([track], T0 + 20_000);
    expect(lineOf(tail).at(-1)).toEqual([44, 50]);
    const [late] = tails([track], T0 + 70_000);
    expect(lineOf(late).length).toBe(6);
    expect(tails([track], T0 + 200_000)).toEqual([]);
  });

  it('speed lines point half a minute ahead, and only for what moves and is fresh', () => {
    const moving = decodeTrack([7, 24, 50, 1, 0, 1, 0, 2, 1, 0, 80, T0]);
    const still = decodeTrack([8, 24, 50, 1, 0, 1, 0, 0.1, 1, 0, 80, T0]);
    const [line, ...rest] = leaders([moving, still], T0);
    expect(rest).toEqual([]);
    const end = lineOf(line)[1];
    expect(((end?.[1] ?? 0) - 50) * 111_195).toBeCloseTo(60, 3);
    expect(leaders([moving], T0 + 9_000)).toEqual([]);
  });

  it('no ellipse is drawn from a variance that is none', () => {
    const bad = decodeTrack([7, 24, 50, 0, 0, 0, 0, 0, 1, 0, 80, T0]);
    expect(ellipses([bad])).toEqual([]);
    expect(ellipses([decodeTrack(row(7, T0))]).length).toBe(1);
  });
});
