import { describe, expect, it, vi } from 'vitest';
import { coalesce } from './coalesce';

function byHand() {
  let waiting: (() => void) | null = null;
  return {
    schedule: (callback: () => void) => {
      waiting = callback;
      return () => {
        waiting = null;
      };
    },
    frame: () => {
      const callback = waiting;
      waiting = null;
      callback?.();
    },
  };
}

describe('coalescing', () => {
  it('applies everything of one frame at once and in order', () => {
    const { schedule, frame } = byHand();
    const apply = vi.fn();
    const inputs = coalesce<number>(apply, schedule);
    inputs.push(1);
    inputs.push(2);
    expect(apply).not.toHaveBeenCalled();
    frame();
    expect(apply.mock.calls).toEqual([[[1, 2]]]);
    inputs.push(3);
    frame();
    expect(apply.mock.calls[1]).toEqual([[3]]);
    frame();
    expect(apply).toHaveBeenCalledTimes(2);
  });

  it('forgets what waits when it is stopped', () => {
    const { schedule, frame } = byHand();
    const apply = vi.fn();
    const inputs = coalesce<number>(apply, schedule);
    inputs.push(1);
    inputs.stop();
    frame();
    expect(apply).not.toHaveBeenCalled();
  });
});
