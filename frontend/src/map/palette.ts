/** The colours of the map, read from the theme's tokens: the map's paint cannot use CSS itself. */

import { useMemo } from 'react';
import { type Theme, usePrefs } from '../state/prefs';

const TOKENS = {
  water: '--map-water',
  land: '--map-land',
  forest: '--map-forest',
  river: '--map-river',
  road: '--map-road',
  border: '--map-border',
  borderCase: '--map-border-case',
  label: '--map-label',
  halo: '--map-halo',
  fence: '--map-fence',
  sensor: '--map-sensor',
  sector: '--map-sector',
  shade: '--map-shade',
  text: '--text',
  surface: '--surface-2',
  accent: '--accent',
  warn: '--warn',
  bad: '--bad',
  track: '--track',
  trackEdge: '--track-edge',
  low: '--severity-low',
  medium: '--severity-medium',
  high: '--severity-high',
  veryHigh: '--severity-very-high',
  onSeverity: '--on-severity',
  life: '--life',
  onLife: '--on-life',
} as const;

export type Palette = Record<keyof typeof TOKENS, string> & { theme: Theme };

export function readPalette(theme: Theme): Palette {
  const style = getComputedStyle(document.documentElement);
  const colours = Object.fromEntries(
    Object.entries(TOKENS).map(([name, token]) => [name, long(style.getPropertyValue(token))]),
  );
  return { ...colours, theme } as Palette;
}

/** `#ff0`, as style sheets are shortened, in full: `#ffff00`. */
export const long = (colour: string): string =>
  colour.trim().replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3');

/** The current theme's palette; the document carries the theme before any map is drawn. */
export function usePalette(): Palette {
  const theme = usePrefs((prefs) => prefs.theme);
  return useMemo(() => readPalette(theme), [theme]);
}
