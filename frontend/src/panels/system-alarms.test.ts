import { describe, expect, it } from 'vitest';
import type { Edge, SystemAlarm } from '../api/types';
import { signedSeconds } from '../i18n/format';
import { alarmKey, byNeed, notKnown, stopsAll } from './system-alarms';

const alarm = (code: string, params: SystemAlarm['params'] = {}): SystemAlarm => ({
  code,
  severity: 'warning',
  sector: 's',
  since: '2026-01-01T00:00:00Z',
  params,
});

const edge = (id: string, state: Edge['state'], missing = 0): Edge => ({
  id,
  state,
  seen_at: null,
  skew_ms: null,
  expected: 0,
  settled: 0,
  on_the_way: 0,
  missing,
  detections: 0,
  others: 0,
  quarantined: 0,
  lost: 0,
});

describe('alarms about the system', () => {
  it('are the same while only their figures change', () => {
    const before = alarm('edge.missing', { edge: 'a', count: 3 });
    expect(alarmKey(before)).toBe(alarmKey(alarm('edge.missing', { edge: 'a', count: 99 })));
    expect(alarmKey(before)).not.toBe(alarmKey(alarm('edge.missing', { edge: 'b', count: 3 })));
    expect(alarmKey(alarm('x', { reason: 'r' }))).not.toBe(alarmKey(alarm('x', { edge: 'r' })));
  });

  it('can be put away, but not those that stop everything', () => {
    const all = [alarm('worker.stopped'), alarm('database.away'), alarm('edge.lost')];
    const known = new Set(all.map(alarmKey));
    expect(notKnown(all, new Set())).toEqual(all);
    expect(notKnown(all, known)).toEqual(all.filter(stopsAll));
    expect(notKnown([alarm('edge.lost', { edge: 'new' })], known)).toHaveLength(1);
  });
});

describe('edges', () => {
  it('that need somebody come first', () => {
    const all = [
      edge('b', 'connected'),
      edge('a', 'connected'),
      edge('m', 'connected', 5),
      edge('off', 'off'),
      edge('s', 'silent'),
      edge('o', 'offline'),
    ];
    expect(byNeed(all).map((each) => each.id)).toEqual(['o', 's', 'off', 'm', 'a', 'b']);
  });

  it('have clocks whose error has a sign', () => {
    expect([0, 240, -3_600_000].map((ms) => signedSeconds(ms, 'en'))).toEqual([
      '0',
      '+0.2',
      '-3,600',
    ]);
  });
});
