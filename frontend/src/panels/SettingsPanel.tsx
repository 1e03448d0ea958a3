import { useTranslation } from 'react-i18next';
import { setPrefs, THEMES, type Theme, usePrefs } from '../state/prefs';
import { Button } from '../ui/Button';
import { Check } from '../ui/Check';
import { Choice } from '../ui/Choice';
import { ring } from '../ui/sound';
import { LanguageSelect } from './LanguageSelect';
import { PanelHead } from './PanelHead';

const KEYS: [word: string, keys: string][] = [
  ['acknowledge', 'A'],
  ['dispatch', 'D'],
  ['resolve', 'R'],
  ['snooze', 'S'],
  ['make', 'I'],
  ['next', 'N'],
  ['goto', 'G'],
  ['look', 'C'],
  ['find', 'Ctrl K'],
  ['close', 'Esc'],
  ['panels', '1 2 3 4 5 6'],
  ['mute', 'M'],
];

export function SettingsPanel() {
  const { t } = useTranslation();
  const theme = usePrefs((prefs) => prefs.theme);
  const sound = usePrefs((prefs) => prefs.sound);
  return (
    <>
      <PanelHead title={t('settings.title')} />
      <div className="settings">
        <Choice<Theme>
          label={t('settings.theme')}
          look="list"
          value={theme}
          options={THEMES.map((each) => ({ id: each, label: t(`theme.${each}`) }))}
          onChange={(next) => setPrefs({ theme: next })}
        />
        <div>
          <span className="label">{t('settings.language')}</span>
          <LanguageSelect />
        </div>
        <div className="stack">
          <Check isSelected={sound} onChange={(on) => setPrefs({ sound: on })}>
            {t('settings.sound')}
          </Check>
          <Button isDisabled={!sound} onPress={() => ring('high', false)}>
            {t('settings.try')}
          </Button>
        </div>
        <div>
          <span className="label">{t('settings.keys')}</span>
          <dl className="keys">
            {KEYS.map(([word, keys]) => (
              <div key={word}>
                <dt>
                  {keys.split(' ').map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{t(`keys.${word}`)}</dd>
              </div>
            ))}
          </dl>
        </div>
      </div>
    </>
  );
}
