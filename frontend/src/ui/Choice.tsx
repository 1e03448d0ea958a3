import type { ReactNode } from 'react';
import { Label, Radio, RadioGroup } from 'react-aria-components';

export interface Option<T extends string> {
  id: T;
  label: ReactNode;
}

interface Props<T extends string> {
  label: string;
  value: T | null;
  options: readonly Option<T>[];
  onChange: (value: T) => void;
  /** `row`: side by side as one control; `list`: one below the other. */
  look?: 'row' | 'list';
  hideLabel?: boolean;
}

/** One of a few, all of them visible. */
export function Choice<T extends string>(props: Props<T>) {
  const { label, value, options, onChange, look = 'row', hideLabel = false } = props;
  return (
    <RadioGroup
      className={`choice choice-${look}`}
      value={value}
      onChange={(next) => onChange(next as T)}
      orientation={look === 'row' ? 'horizontal' : 'vertical'}
      {...(hideLabel ? { 'aria-label': label } : {})}
    >
      {!hideLabel && <Label className="label">{label}</Label>}
      <div className="choice-options">
        {options.map((option) => (
          <Radio key={option.id} value={option.id} className="choice-option">
            {option.label}
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}
