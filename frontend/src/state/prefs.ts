/** What a person chose on this device; kept in the browser's local storage. */

import { create } from 'zustand';
import { persist } from 'zustand/middleware';

export const THEMES = ['dark', 'light', 'night', 'contrast'] as const;
export type Theme = (typeof THEMES)[number];
export const LANGUAGES = ['en', 'uk', 'pl'] as const;
export type Language = (typeof LANGUAGES)[number];
export const LAYERS = ['hillshade', 'fields', 'geofences', 'tails', 'ellipses', 'labels'] as const;
export type LayerName = (typeof LAYERS)[number];

interface Prefs {
  theme: Theme;
  language: Language;
  sound: boolean;
  sector: string | null;
  layers: Record<LayerName, boolean>;
}

function firstLanguage(): Language {
  const wanted = globalThis.navigator?.languages ?? [];
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().startsWith(language));
    if (found) return found;
  }
  return 'en';
}

export const usePrefs = create<Prefs>()(
  persist(
    (): Prefs => ({
      theme: 'dark',
      language: firstLanguage(),
      sound: true,
      sector: null,
      layers: {
        hillshade: true,
        fields: true,
        geofences: true,
        tails: true,
        ellipses: true,
        labels: true,
      },
    }),
    { name: 'watchline.prefs', version: 1 },
  ),
);

export function setPrefs(part: Partial<Prefs>): void {
  usePrefs.setState(part);
}

export function toggleLayer(name: LayerName): void {
  usePrefs.setState((prefs) => ({ layers: { ...prefs.layers, [name]: !prefs.layers[name] } }));
}
