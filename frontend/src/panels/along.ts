import type { TFunction } from 'i18next';
import type { Place } from '../api/types';

/** Off the line by less than this is said to be on it. */
const ON_LINE_M = 5;

/** Where a place lies along the border: "km 31.42 · 120 m past pillar 812 · 80 m on its left". */
export function alongText(t: TFunction, place: Place, locale: string): string {
  const { chainage_m: chainage, offset_m: offset, pillar, past_pillar_m: past } = place;
  if (chainage === null) return '';
  const km = (chainage / 1000).toLocaleString(locale, {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  });
  const parts = [t('place.km', { km })];
  if (pillar !== null && past !== null) {
    const m = Math.round(Math.abs(past));
    parts.push(
      m === 0
        ? t('place.at_pillar', { pillar })
        : t(past < 0 ? 'place.before_pillar' : 'place.past_pillar', { m, pillar }),
    );
  }
  if (offset !== null && Math.abs(offset) >= ON_LINE_M) {
    const m = Math.round(Math.abs(offset));
    parts.push(t(offset > 0 ? 'place.left' : 'place.right', { m }));
  }
  return parts.join(' · ');
}
