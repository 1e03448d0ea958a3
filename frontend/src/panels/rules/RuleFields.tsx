import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useGeofences } from '../../api/queries';
import { CLASS_ORDER } from '../../api/types';
import { Check } from '../../ui/Check';
import { Choice } from '../../ui/Choice';
import { Field } from '../../ui/Field';
import { Select } from '../../ui/Select';
import type { RuleField, Value, Values } from './form';
import { HoursField } from './HoursField';
import { monthNames } from './hours';

interface Props {
  fields: readonly RuleField[];
  values: Values;
  /** What is wrong at a field, as a sentence. */
  errors: Record<string, string>;
  /** The geofence whose rule it is. */
  geofence: string;
  onChange: (name: string, value: Value) => void;
}

/** The fields of a rule, each with the control that its schema calls for. */
export function RuleFields({ fields, ...props }: Props) {
  return (
    <div className="rule-fields">
      {fields.map((field) => (
        <OneField key={field.name} field={field} {...props} />
      ))}
    </div>
  );
}

interface OneProps extends Omit<Props, 'fields'> {
  field: RuleField;
}

function OneField({ field, values, errors, geofence, onChange }: OneProps) {
  const { t } = useTranslation();
  const { name, look } = field;
  const label = t(`rule_field.${name}`);
  const error = errors[name] ?? null;
  const value = values[name] as Value;
  const set = (next: Value) => onChange(name, next);
  switch (look) {
    case 'number': {
      const optional = !field.required && field.preset === null;
      return (
        <Field
          label={
            field.unit ? t('rule.in_unit', { what: label, unit: t(`sign.${field.unit}`) }) : label
          }
          value={value as string}
          onChange={set}
          inputMode="decimal"
          maxLength={12}
          error={error}
          {...(optional ? { hint: t('rule.any') } : {})}
          data-field={name}
        />
      );
    }
    case 'choice':
      return (
        <Wide error={error}>
          <Choice
            label={label}
            value={(value as string) || null}
            options={field.options.map((id) => ({ id, label: t(`rule_option.${id}`) }))}
            onChange={set}
          />
        </Wide>
      );
    case 'flag':
      return (
        <Wide error={error}>
          <Check isSelected={value as boolean} onChange={set}>
            {label}
          </Check>
        </Wide>
      );
    case 'classes':
      return <Classes label={label} value={value as Classed} error={error} onChange={set} />;
    case 'months':
      return <Months label={label} value={value as number[]} error={error} onChange={set} />;
    case 'hours':
      return (
        <Wide error={error}>
          <HoursField label={label} value={value as never} onChange={set} />
        </Wide>
      );
    case 'geofence':
      return (
        <Wide error={error}>
          <OtherFence label={label} value={value as string} not={geofence} onChange={set} />
        </Wide>
      );
  }
}

function Wide({ error, children }: { error: string | null; children: ReactNode }) {
  return (
    <div className="rule-wide">
      {children}
      {error && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

type Classed = Partial<Record<(typeof CLASS_ORDER)[number], string>>;

interface PartProps<T> {
  label: string;
  value: T;
  error: string | null;
  onChange: (value: T) => void;
}

function Classes({ label, value, error, onChange }: PartProps<Classed>) {
  const { t } = useTranslation();
  return (
    <Wide error={error}>
      <fieldset className="plain-fieldset" data-field="classes">
        <legend className="label">{label}</legend>
        <div className="rule-classes">
          {CLASS_ORDER.map((name) => (
            <Field
              key={name}
              label={t(`class.${name}`)}
              value={value[name] ?? ''}
              onChange={(share) => onChange({ ...value, [name]: share })}
              inputMode="decimal"
              maxLength={5}
            />
          ))}
        </div>
        {!error && <p className="hint">{t('rule.classes_hint')}</p>}
      </fieldset>
    </Wide>
  );
}

function Months({ label, value, error, onChange }: PartProps<number[]>) {
  const { i18n } = useTranslation();
  return (
    <Wide error={error}>
      <fieldset className="plain-fieldset">
        <legend className="label">{label}</legend>
        <div className="rule-months">
          {monthNames(i18n.language).map((name, at) => (
            <Check
              key={name}
              isSelected={value.includes(at + 1)}
              onChange={(on) =>
                onChange(on ? [...value, at + 1] : value.filter((month) => month !== at + 1))
              }
            >
              {name}
            </Check>
          ))}
        </div>
      </fieldset>
    </Wide>
  );
}

function OtherFence(props: {
  label: string;
  value: string;
  not: string;
  onChange: (value: string) => void;
}) {
  const { data } = useGeofences();
  const others = (data ?? []).filter((fence) => fence.id !== props.not);
  return (
    <Select
      label={props.label}
      value={props.value || null}
      options={others.map(({ id, name }) => ({ id, name }))}
      onChange={props.onChange}
    />
  );
}
