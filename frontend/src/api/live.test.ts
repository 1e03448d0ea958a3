import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LiveInput } from '../state/live';
import { connectLive, SILENCE_MS } from './live';

class FakeSource {
  static all: FakeSource[] = [];
  readyState = 1;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  private heard = new Map<string, (event: { data: string }) => void>();
  readonly url: string;

  constructor(url: string) {
    this.url = url;
    FakeSource.all.push(this);
  }
  addEventListener(type: string, listener: (event: { data: string }) => void) {
    this.heard.set(type, listener);
  }
  say(type: string, data: unknown) {
    this.heard.get(type)?.({ data: JSON.stringify(data) });
  }
  fail(closed: boolean) {
    this.readyState = closed ? 2 : 0;
    this.onerror?.();
  }
  close() {
    this.readyState = 2;
  }
}

describe('the event stream', () => {
  let inputs: LiveInput[];
  let refused: ReturnType<typeof vi.fn<() => void>>;
  let stop: () => void;

  beforeEach(() => {
    vi.useFakeTimers();
    FakeSource.all = [];
    inputs = [];
    refused = vi.fn<() => void>();
    stop = connectLive({
      url: '/api/sectors/s/live',
      apply: (batch) => inputs.push(...batch),
      onRefused: refused,
      schedule: (callback) => {
        callback();
        return () => undefined;
      },
      open: (url) => new FakeSource(url) as unknown as EventSource,
    });
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  const source = () => FakeSource.all.at(-1) as FakeSource;
  const types = () => inputs.map((input) => input.type);

  it('hands on what it hears with the time of arrival', () => {
    source().say('geofences', { rev: 4 });
    expect(inputs).toEqual([{ type: 'geofences', rev: 4, arrivedAt: Date.now() }]);
  });

  it('leaves a lost connection to the browser, which resumes by the last event id', () => {
    source().fail(false);
    expect(types()).toEqual(['lost']);
    vi.advanceTimersByTime(3000);
    expect(FakeSource.all.length).toBe(1);
    expect(refused).not.toHaveBeenCalled();
  });

  it('after a refusal asks who we are and tries again, more slowly each time', () => {
    source().fail(true);
    expect(refused).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(600);
    expect(FakeSource.all.length).toBe(2);
    source().fail(true);
    vi.advanceTimersByTime(600);
    expect(FakeSource.all.length).toBe(2);
    vi.advanceTimersByTime(600);
    expect(FakeSource.all.length).toBe(3);
  });

  it('takes long silence for a dead connection', () => {
    source().say('geofences', { rev: 4 });
    const first = source();
    vi.advanceTimersByTime(SILENCE_MS + 2000);
    expect(types()).toContain('lost');
    expect(first.readyState).toBe(2);
    expect(FakeSource.all.length).toBeGreaterThan(1);
  });

  it('stays closed once it is stopped', () => {
    stop();
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.all.length).toBe(1);
    expect(source().readyState).toBe(2);
  });
});
