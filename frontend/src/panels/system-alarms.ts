/** Alarms about the system itself, as sentences: what is wrong and what to do. */

import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { Edge, SystemAlarm } from '../api/types';
import { count, signedSeconds } from '../i18n/format';
import { useAgeText } from '../i18n/spoken';
import { useNow } from '../state/clock';

/** One empty list, so that nothing is drawn again because of it. */
export const NO_ALARMS: readonly SystemAlarm[] = [];

const RANK = { offline: 0, silent: 1, never_heard: 2, off: 3, connected: 4 } as const;

/** Edges that need somebody first: by their connection, then by what is missing. */
export const byNeed = (edges: readonly Edge[]): Edge[] =>
  [...edges].sort(
    (a, b) => RANK[a.state] - RANK[b.state] || b.missing - a.missing || a.id.localeCompare(b.id),
  );

/** The same for as long as the same thing is wrong, whatever its figures. */
export const alarmKey = (alarm: SystemAlarm): string =>
  [alarm.code, alarm.params.edge ?? '', alarm.params.reason ?? '', alarm.params.pid ?? ''].join(
    ' ',
  );

/** The alarms that were not put away; those that stop everything cannot be. */
export const notKnown = (alarms: readonly SystemAlarm[], known: ReadonlySet<string>) =>
  alarms.filter((alarm) => stopsAll(alarm) || !known.has(alarmKey(alarm)));

export const stopsAll = (alarm: SystemAlarm): boolean =>
  alarm.code === 'database.away' || alarm.code === 'worker.stopped';

/** Writes an alarm: what is wrong, and what to do about it. */
export function useAlarmText(): (alarm: SystemAlarm) => { what: string; todo: string } {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const age = useAgeText();
  return useCallback(
    (alarm: SystemAlarm) => {
      const { reason, skew_ms, count: n, ...params } = alarm.params;
      const code = alarm.since === null ? alarm.code.replace('.stopped', '.never') : alarm.code;
      return {
        what: t(`alarm.${code}`, {
          ...params,
          application: params.application || '–',
          age: age(alarm.since === null ? 0 : now - Date.parse(alarm.since)),
          n: count(Number(n ?? 0), i18n.language),
          skew: signedSeconds(Number(skew_ms ?? 0), i18n.language),
          reason: t(`reason.${reason}`, { defaultValue: reason ?? '' }),
          interpolation: { escapeValue: false },
        }),
        todo: t(`alarm_do.${alarm.code}`),
      };
    },
    [t, i18n.language, now, age],
  );
}
