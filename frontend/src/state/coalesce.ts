/** Many messages, one rendering: inputs are gathered and applied together once per frame. */

export interface Coalescer<T> {
  push(input: T): void;
  stop(): void;
}

/** `schedule` runs its callback once soon and returns a way to cancel it. */
export type Schedule = (callback: () => void) => () => void;

/** The next frame, or at most 250 ms later: a hidden tab gets no frames, but must still ring. */
export const nextFrame: Schedule = (callback) => {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    callback();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, 250);
  return () => {
    done = true;
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
};

export function coalesce<T>(
  apply: (inputs: T[]) => void,
  schedule: Schedule = nextFrame,
): Coalescer<T> {
  let pending: T[] = [];
  let scheduled = false;
  let cancel: () => void = () => undefined;
  const flush = () => {
    scheduled = false;
    if (pending.length === 0) return;
    const inputs = pending;
    pending = [];
    apply(inputs);
  };
  return {
    push(input) {
      pending.push(input);
      if (scheduled) return;
      scheduled = true;
      cancel = schedule(flush);
    },
    stop() {
      cancel();
      scheduled = false;
      pending = [];
    },
  };
}
