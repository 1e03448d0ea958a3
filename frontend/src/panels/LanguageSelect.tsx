import { useTranslation } from 'react-i18next';
import { LANGUAGE_NAMES } from '../i18n';
import { LANGUAGES, setPrefs, usePrefs } from '../state/prefs';
import { Select } from '../ui/Select';

const OPTIONS = LANGUAGES.map((id) => ({ id, name: LANGUAGE_NAMES[id], lang: id }));

export function LanguageSelect() {
  const { t } = useTranslation();
  const language = usePrefs((prefs) => prefs.language);
  return (
    <Select
      label={t('top.language')}
      hideLabel
      value={language}
      options={OPTIONS}
      onChange={(next) => setPrefs({ language: next })}
    />
  );
}
