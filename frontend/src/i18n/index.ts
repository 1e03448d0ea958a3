import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { usePrefs } from '../state/prefs';
import en from './en.json';
import pl from './pl.json';
import uk from './uk.json';

export const LANGUAGE_NAMES = { en: 'English', uk: 'Українська', pl: 'Polski' } as const;

export const i18n = i18next.createInstance();

i18n.use(initReactI18next).init({
  resources: { en: { translation: en }, uk: { translation: uk }, pl: { translation: pl } },
  lng: usePrefs.getState().language,
  fallbackLng: 'en',
  // React escapes what it writes.
  interpolation: { escapeValue: false },
});

function follow(language: string): void {
  document.documentElement.lang = language;
  if (i18n.language !== language) i18n.changeLanguage(language);
}
follow(usePrefs.getState().language);
usePrefs.subscribe((prefs) => follow(prefs.language));
