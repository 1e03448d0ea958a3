import { describe, expect, it } from 'vitest';
import { byUrgency, isQuiet, queueOf } from './order';
import { incident } from './testing';

describe('the queue', () => {
  it('puts life at risk first, then what nobody has taken, then severity, then the newest', () => {
    const taken = incident({ id: 'a', no: 1, severity: 'very_high', status: 'acknowledged' });
    const low = incident({ id: 'b', no: 2, severity: 'low' });
    const high = incident({ id: 'c', no: 3, severity: 'high' });
    const higher = incident({
      id: 'd',
      no: 4,
      severity: 'high',
      opened_at: '2026-11-24T00:01:00Z',
    });
    const life = incident({
      id: 'e',
      no: 5,
      severity: 'low',
      life_at_risk: true,
      status: 'acknowledged',
    });
    const old = incident({ id: 'f', no: 6, severity: 'very_high', historical: true });
    const order = [taken, low, high, old, higher, life].sort(byUrgency).map((each) => each.no);
    expect(order).toEqual([5, 4, 3, 2, 6, 1]);
  });

  it('folds away only what is taken and over, and counts it', () => {
    const all = [
      incident({ id: 'a', no: 1, condition: 'cleared' }),
      incident({ id: 'b', no: 2, condition: 'cleared', status: 'acknowledged' }),
      incident({ id: 'c', no: 3, status: 'acknowledged' }),
      incident({ id: 'd', no: 4, status: 'resolved' }),
      incident({
        id: 'e',
        no: 5,
        status: 'acknowledged',
        condition: 'cleared',
        life_at_risk: true,
      }),
    ];
    const folded = queueOf(all, false);
    expect(folded.rows.map((each) => each.no)).toEqual([5, 1, 3]);
    expect(folded).toMatchObject({ hidden: 1, waiting: 1 });
    expect(queueOf(all, true)).toMatchObject({ hidden: 0 });
    expect(queueOf(all, true).rows.length).toBe(4);
  });

  it('counts what was raised again among what waits, and folds away what is put off', () => {
    const raised = incident({ status: 'on_scene', alarm_at: '2026-11-24T00:02:00Z' });
    expect(queueOf([raised], false)).toMatchObject({ hidden: 0, waiting: 1 });
    const asleep = incident({ alarm_at: null, snoozed_until: '2026-11-24T01:00:00Z' });
    expect(isQuiet(asleep)).toBe(true);
    expect(isQuiet({ ...asleep, life_at_risk: true })).toBe(false);
  });
});
