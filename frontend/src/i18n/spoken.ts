import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useSectors } from '../api/queries';
import { useLive } from '../state/live-store';
import { age, distance, type Spoken } from './format';

/** The language of the screen and the time zone of the sector. */
export function useSpoken(): Spoken {
  const { i18n } = useTranslation();
  const sector = useLive((state) => state.sector);
  const { data: sectors } = useSectors();
  const timeZone = sectors?.find((each) => each.id === sector)?.time_zone ?? 'UTC';
  return useMemo(() => ({ locale: i18n.language, timeZone }), [i18n.language, timeZone]);
}

export function ageText(t: TFunction, ms: number): string {
  const { n, unit } = age(ms);
  return t(`unit.${unit}`, { n });
}

/** Writes an age with its unit, as in "4 min". */
export function useAgeText(): (ms: number) => string {
  const { t } = useTranslation();
  return useMemo(() => (ms: number) => ageText(t, ms), [t]);
}

/** Writes a distance with its unit, as in "2.3 km". */
export function useDistanceText(): (m: number) => string {
  const { t, i18n } = useTranslation();
  return useMemo(
    () => (m: number) => {
      const { n, unit } = distance(m, i18n.language);
      return t(`unit.${unit}`, { n });
    },
    [t, i18n.language],
  );
}
