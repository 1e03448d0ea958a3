import type { TFunction } from 'i18next';
import type { Place } from '../api/types';

/** Nearer than this to the line or a pillar is said to be there. */
const AT_M = 5;

/** A grid reference in the groups that people read aloud: "35U KR 87280 99124". */
export function mgrsText(mgrs: string): string {
  const [, zone, square, digits] = /^(\d{1,2}[A-Z])([A-Z]{2})(\d*)$/.exec(mgrs) ?? [];
  if (!zone || !square || !digits) return mgrs;
  const half = digits.length / 2;
  return `${zone} ${square} ${digits.slice(0, half)} ${digits.slice(half)}`;
}

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
      m < AT_M
        ? t('place.at_pillar', { pillar })
        : t(past < 0 ? 'place.before_pillar' : 'place.past_pillar', { m, pillar }),
    );
  }
  if (offset !== null && Math.abs(offset) >= AT_M) {
    const m = Math.round(Math.abs(offset));
    parts.push(t(offset > 0 ? 'place.left' : 'place.right', { m }));
  }
  return parts.join(' · ');
}
