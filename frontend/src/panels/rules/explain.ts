/** Why a rule did not fire for a track, from the hub's codes to a sentence; pure. */

import type { TFunction } from 'i18next';
import { CLASS_ORDER, type Explanation, type ObjectClass } from '../../api/types';
import { localTime, percent, type Spoken } from '../../i18n/format';
import { windowsOf, windowsText } from './hours';

type Asked = Record<string, unknown>;

const numberOf = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0;

/** Kinds that judge a track beside others, which the explanation looks at alone. */
const BESIDE_OTHERS = new Set(['count', 'proximity']);

/** What came of it, in a sentence or two. */
export function explained(t: TFunction, found: Explanation, spoken: Spoken): string[] {
  const at = localTime(Date.parse(found.at), spoken);
  if (found.fired) {
    const times = found.findings.map(({ at_us }) => localTime(at_us / 1000, spoken));
    return [t('explain.fired', { track: found.track, times: times.join(', ') })];
  }
  if (!found.failed) return [];
  const { predicate, asked, had } = found.failed;
  const said = { track: found.track, time: at };
  switch (predicate) {
    case 'plots':
      return [t('explain.plots', said)];
    case 'condition':
      return conditionText(t, found, had);
    case 'classes':
      return [t('explain.classes', classesText(t, asked, had))];
    case 'min_hits':
    case 'min_age_s':
    case 'max_sigma_m':
      return [t(`explain.${predicate}`, { asked: numberOf(asked), had: numberOf(had) })];
    case 'hours': {
      const windows = windowsOf((asked ?? []) as [number, number][]);
      return [t('explain.hours', { asked: windowsText(windows, spoken.locale) })];
    }
    default:
      return [t(`explain.${predicate}`, said)];
  }
}

function conditionText(t: TFunction, { kind }: Explanation, had: unknown): string[] {
  const reached = (had ?? {}) as Asked;
  const sentences = [t(`explain.not_${kind}`)];
  if ('p_inside' in reached) {
    sentences.push(t('explain.inside_at_best', { p: percent(numberOf(reached.p_inside)) }));
  } else if ('z_from' in reached) {
    const [from, to] = [numberOf(reached.z_from), numberOf(reached.z_to)];
    sentences.push(t(from * to > 0 ? 'explain.one_side' : 'explain.both_sides'));
  }
  if (BESIDE_OTHERS.has(kind)) sentences.push(t('explain.alone'));
  return sentences;
}

function classesText(t: TFunction, asked: unknown, had: unknown) {
  const shares = Array.isArray(had) ? had : [];
  const wanted = Object.entries((asked ?? {}) as Record<ObjectClass, number>);
  const text = (name: ObjectClass, share: number) =>
    `${t(`class.${name}`)} ${t('unit.percent', { n: percent(share) })}`;
  return {
    asked: wanted.map(([name, share]) => text(name as ObjectClass, share)).join(', '),
    had: CLASS_ORDER.map((name, at) => ({ name, share: numberOf(shares[at]) }))
      .filter(({ share }) => share >= 0.005)
      .map(({ name, share }) => text(name, share))
      .join(', '),
  };
}
