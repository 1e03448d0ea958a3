/** The event stream of one sector, kept open for as long as the screen is.
 *
 * The browser reconnects by itself after a lost connection and then sends the last event's id.
 * It does not after an HTTP refusal, nor does it notice a connection that silently died: both
 * are handled here, with a delay that doubles up to 10 s.
 */

import { coalesce, nextFrame, type Schedule } from '../state/coalesce';
import type { LiveInput } from '../state/live';
import type { LiveMessage } from './types';

const EVENTS = ['snapshot', 'tracks', 'incidents', 'sensors', 'geofences', 'pulse', 'bye'] as const;
/** A pulse comes each second; this long without anything means the connection is dead. */
export const SILENCE_MS = 10_000;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;

export interface LiveClientOptions {
  url: string;
  apply: (inputs: LiveInput[]) => void;
  /** The hub refused the stream: ask it who we are (the session may have ended). */
  onRefused: () => void;
  schedule?: Schedule;
  open?: (url: string) => EventSource;
}

export function connectLive(options: LiveClientOptions): () => void {
  const open = options.open ?? ((url: string) => new EventSource(url));
  const inputs = coalesce<LiveInput>(options.apply, options.schedule ?? nextFrame);
  let source: EventSource | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let delay = FIRST_DELAY_MS;
  let heardAt = Date.now();
  let stopped = false;

  const say = (input: LiveMessage | { type: 'opened' } | { type: 'lost' }) =>
    inputs.push({ ...input, arrivedAt: Date.now() } as LiveInput);

  const reopenLater = () => {
    source?.close();
    source = null;
    clearTimeout(retry);
    if (stopped) return;
    retry = setTimeout(start, delay);
    delay = Math.min(delay * 2, MAX_DELAY_MS);
  };

  function start() {
    heardAt = Date.now();
    source = open(options.url);
    source.onopen = () => {
      heardAt = Date.now();
      say({ type: 'opened' });
    };
    source.onerror = () => {
      say({ type: 'lost' });
      if (source?.readyState === 2 /* closed for good: the hub refused */) {
        options.onRefused();
        reopenLater();
      }
    };
    for (const type of EVENTS) {
      source.addEventListener(type, (event) => {
        heardAt = Date.now();
        delay = FIRST_DELAY_MS;
        say({ type, ...JSON.parse((event as MessageEvent<string>).data) } as LiveMessage);
      });
    }
  }

  const watchdog = setInterval(() => {
    if (source && Date.now() - heardAt > SILENCE_MS) {
      say({ type: 'lost' });
      reopenLater();
    }
  }, 1_000);

  start();
  return () => {
    stopped = true;
    clearInterval(watchdog);
    clearTimeout(retry);
    source?.close();
    inputs.stop();
  };
}
