import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { Check } from '../../ui/Check';
import { Field } from '../../ui/Field';
import { Icon } from '../../ui/Icon';
import { IconButton } from '../../ui/IconButton';
import { type DayWindow, dayNames } from './hours';

interface Props {
  label: string;
  value: DayWindow[];
  onChange: (value: DayWindow[]) => void;
}

const NIGHT: DayWindow = { days: [0, 1, 2, 3, 4, 5, 6], start: '20:00', end: '06:00' };

/** When in the week: days with a time from and to each, or always while there is none. */
export function HoursField({ label, value, onChange }: Props) {
  const { t } = useTranslation();
  return (
    <fieldset className="plain-fieldset rule-hours">
      <legend className="label">{label}</legend>
      {value.length === 0 && <p className="muted">{t('rule.always')}</p>}
      {value.map((window, at) => (
        <Window
          // biome-ignore lint/suspicious/noArrayIndexKey: a window is known by its place alone
          key={at}
          window={window}
          onChange={(next) => onChange(value.map((each, i) => (i === at ? next : each)))}
          onRemove={() => onChange(value.filter((_, i) => i !== at))}
        />
      ))}
      <Button onPress={() => onChange([...value, NIGHT])}>
        <Icon name="plus" size={16} /> {t('rule.add_hours')}
      </Button>
    </fieldset>
  );
}

interface WindowProps {
  window: DayWindow;
  onChange: (window: DayWindow) => void;
  onRemove: () => void;
}

function Window({ window, onChange, onRemove }: WindowProps) {
  const { t, i18n } = useTranslation();
  const toggle = (day: number, on: boolean) =>
    onChange({
      ...window,
      days: on ? [...window.days, day].sort() : window.days.filter((each) => each !== day),
    });
  return (
    <div className="rule-window">
      <div className="rule-days">
        {dayNames(i18n.language).map((name, day) => (
          <Check
            key={name}
            isSelected={window.days.includes(day)}
            onChange={(on) => toggle(day, on)}
          >
            {name}
          </Check>
        ))}
      </div>
      <Field
        label={t('rule.from')}
        value={window.start}
        onChange={(start) => onChange({ ...window, start })}
        maxLength={5}
      />
      <Field
        label={t('rule.to')}
        value={window.end}
        onChange={(end) => onChange({ ...window, end })}
        maxLength={5}
      />
      <IconButton icon="bin" label={t('rule.remove_hours')} onPress={onRemove} />
    </div>
  );
}
