/** A zone or tripwire in words: its shape, when it is in force, what its rules ask. Pure. */

import type { TFunction } from 'i18next';
import {
  type Drawn,
  type Geofence,
  LIGHTS,
  type Rule,
  type Schedule,
  SEVERITIES,
  type Severity,
} from '../api/types';
import { localMoment, type Spoken } from '../i18n/format';
import { grouped, windowsText } from './rules/hours';

type Distance = (m: number) => string;

/** How it was drawn, where the outline does not say it: "circle, 300 m". */
export function shapeText(t: TFunction, drawn: Drawn, distance: Distance): string {
  return drawn.type === 'Circle'
    ? t('zones.circle', { radius: distance(drawn.radius_m) })
    : t('zones.corridor', { left: distance(drawn.left_m), right: distance(drawn.right_m) });
}

/** When it is in force by its schedule, part by part. */
export function scheduleText(
  t: TFunction,
  schedule: Schedule,
  now: number,
  spoken: Spoken,
): string[] {
  const parts: string[] = [];
  const time = (iso: string) => localMoment(Date.parse(iso), now, spoken);
  if (schedule.weekly.length > 0) parts.push(windowsText(grouped(schedule.weekly), spoken.locale));
  if (schedule.light.length < LIGHTS.length) {
    parts.push(schedule.light.map((light) => t(`light.${light}`)).join(', '));
  }
  if (schedule.valid_from) parts.push(t('zones.valid_from', { time: time(schedule.valid_from) }));
  if (schedule.valid_until)
    parts.push(t('zones.valid_until', { time: time(schedule.valid_until) }));
  return parts;
}

/** Why it does not count just now, and until when; null while it does. */
export function outOfForceText(
  t: TFunction,
  fence: Geofence,
  now: number,
  spoken: Spoken,
): string | null {
  if (fence.pause) {
    const time = localMoment(Date.parse(fence.pause.until), now, spoken);
    return t(`zones.paused_${fence.pause.reason}`, { time });
  }
  return fence.in_force ? null : t('zones.off_by_schedule');
}

/** What a zone or tripwire raises, or what it is for: "on crossing, on leaving". */
export function rulesText(t: TFunction, fence: Geofence): string {
  if (fence.purpose !== 'alarm') return t(`purpose.${fence.purpose}`);
  if (fence.rules.length === 0) return t('zones.no_rules');
  return [...new Set(fence.rules.map((rule) => t(`rule_kind.${rule.kind}`)))].join(', ');
}

/** The severity of its worst rule. */
export function worstOf(fence: Geofence): Severity | undefined {
  return SEVERITIES.findLast((each) => fence.rules.some((rule) => rule.severity === each));
}

export const isArmed = (rule: Rule): boolean => rule.params.armed !== false;
