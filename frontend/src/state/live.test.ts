import { describe, expect, it } from 'vitest';
import { emptyLive, type LiveInput, type LiveState, newAlarms, reduceLive } from './live';
import { incident, pulse, row, sensor } from './testing';

const T0 = 1_700_000_000_000;
const run = (state: LiveState, ...inputs: LiveInput[]) => inputs.reduce(reduceLive, state);

const snapshot = (part: Partial<Extract<LiveInput, { type: 'snapshot' }>> = {}): LiveInput => ({
  type: 'snapshot',
  rev: 5,
  at_us: T0 * 1000,
  tracks: [row(7, T0)],
  incidents: [incident()],
  sensors: [sensor()],
  pulse: pulse(T0),
  arrivedAt: T0 + 40,
  ...part,
});

const started = () => run(emptyLive('s', T0), snapshot());

describe('the live picture', () => {
  it('is connecting until the first snapshot, then live', () => {
    const before = run(emptyLive('s', T0), { type: 'opened', arrivedAt: T0 });
    expect(before.link).toBe('connecting');
    const after = run(before, snapshot());
    expect(after.link).toBe('live');
    expect([...after.tracks.keys()]).toEqual([7]);
    expect(after.incidents.get('i1')?.no).toBe(1);
    expect(after.sensors.size).toBe(1);
  });

  it('moves, adds and removes tracks', () => {
    const after = run(started(), {
      type: 'tracks',
      rev: 6,
      at_us: 0,
      up: [row(7, T0 + 2000, 24.1), row(8, T0 + 2000)],
      gone: [],
      arrivedAt: T0 + 2040,
    });
    expect(after.tracks.get(7)?.lon).toBe(24.1);
    expect(after.tracks.get(7)?.tail).toEqual([[24, 50, T0]]);
    const gone = run(after, {
      type: 'tracks',
      rev: 7,
      at_us: 0,
      up: [],
      gone: [7],
      arrivedAt: T0 + 3000,
    });
    expect([...gone.tracks.keys()]).toEqual([8]);
  });

  it('keeps the newer of two versions of an incident, whichever comes first', () => {
    const newer = incident({ rev: 9, status: 'acknowledged' });
    const older = incident({ rev: 8 });
    const after = run(
      started(),
      { type: 'incidents', rev: 9, changed: [newer], arrivedAt: T0 },
      { type: 'incidents', rev: 9, changed: [older], arrivedAt: T0 },
    );
    expect(after.incidents.get('i1')?.status).toBe('acknowledged');
  });

  it('says when what is shown may be out of date, and when it no longer is', () => {
    const lost = run(started(), { type: 'lost', arrivedAt: T0 + 5000 });
    expect(lost.link).toBe('reconnecting');
    expect(lost.linkSince).toBe(T0 + 5000);
    expect(run(lost, { type: 'lost', arrivedAt: T0 + 9000 }).linkSince).toBe(T0 + 5000);
    expect(lost.tracks.size).toBe(1);
    const opened = run(lost, { type: 'opened', arrivedAt: T0 + 9000 });
    expect(opened.link).toBe('reconnecting');
    const resumed = run(opened, { type: 'pulse', ...pulse(T0 + 9000), arrivedAt: T0 + 9050 });
    expect(resumed.link).toBe('live');
  });

  it('replaces everything by a new snapshot but keeps the tails of tracks that go on', () => {
    const moved = run(started(), {
      type: 'tracks',
      rev: 6,
      at_us: 0,
      up: [row(7, T0 + 2000, 24.1), row(8, T0 + 2000)],
      gone: [],
      arrivedAt: T0 + 2000,
    });
    const after = run(
      moved,
      snapshot({ rev: 9, tracks: [row(7, T0 + 4000, 24.2)], incidents: [], sensors: [] }),
    );
    expect([...after.tracks.keys()]).toEqual([7]);
    expect(after.tracks.get(7)?.tail.length).toBe(2);
    expect(after.incidents.size).toBe(0);
    expect(after.sensors.size).toBe(0);
  });

  it('asks for zones and tripwires again after a change and after each snapshot', () => {
    const first = started();
    const changed = run(first, { type: 'geofences', rev: 6, arrivedAt: T0 });
    expect(changed.geofenceRev).toBe(first.geofenceRev + 1);
    expect(run(changed, snapshot()).geofenceRev).toBe(first.geofenceRev + 2);
  });

  it('remembers why the hub said goodbye until it is live again', () => {
    const bye = run(started(), { type: 'bye', code: 'live.slow', params: {}, arrivedAt: T0 });
    expect(bye.bye?.code).toBe('live.slow');
    expect(run(bye, { type: 'lost', arrivedAt: T0 }, snapshot()).bye).toBeNull();
  });

  it('stays as it is when the hub has no pulse yet', () => {
    const before = started();
    const nothing = { type: 'pulse', arrivedAt: T0 } as unknown as LiveInput;
    expect(run(before, nothing).pulse).toBe(before.pulse);
  });

  it('learns the hub clock from the least delayed pulse and ignores a writer that is down', () => {
    const at = (ms: number, delay: number, writer: 'up' | 'down' = 'up'): LiveInput => ({
      type: 'pulse',
      ...pulse(ms, { writer }),
      arrivedAt: ms + delay,
    });
    const fast = run(started(), at(T0 + 1000, 20), at(T0 + 2000, 300));
    expect(fast.clockOffsetMs).toBeGreaterThanOrEqual(-24);
    const down = run(fast, at(T0 - 600_000, 600_000, 'down'));
    expect(down.clockOffsetMs).toBe(fast.clockOffsetMs);
  });
});

describe('new alarms', () => {
  const tell = (state: LiveState, ...changed: ReturnType<typeof incident>[]) =>
    newAlarms(state, run(state, { type: 'incidents', rev: 9, changed, arrivedAt: T0 }));

  it('ring once, not for what was there before, is taken, or was found later', () => {
    const before = started();
    expect(tell(before, incident({ id: 'i2', no: 2 })).map((each) => each.no)).toEqual([2]);
    expect(tell(before, incident({ rev: 9, findings: 2 }))).toEqual([]);
    expect(tell(before, incident({ id: 'i3', status: 'acknowledged' }))).toEqual([]);
    expect(tell(before, incident({ id: 'i4', historical: true }))).toEqual([]);
  });

  it('do not ring for the first picture, but do for what came during a break', () => {
    const empty = emptyLive('s', T0);
    expect(newAlarms(empty, run(empty, snapshot()))).toEqual([]);
    const lost = run(started(), { type: 'lost', arrivedAt: T0 });
    const back = run(lost, snapshot({ incidents: [incident(), incident({ id: 'i9', no: 9 })] }));
    expect(newAlarms(lost, back).map((each) => each.no)).toEqual([9]);
  });
});
