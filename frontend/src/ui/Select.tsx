import {
  Select as AriaSelect,
  Button,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  SelectValue,
} from 'react-aria-components';
import { Icon } from './Icon';

interface Props<T extends string> {
  label: string;
  value: T | null;
  options: readonly { id: T; name: string; lang?: string }[];
  onChange: (value: T) => void;
  hideLabel?: boolean;
}

/** One of many. */
export function Select<T extends string>({ label, value, options, onChange, hideLabel }: Props<T>) {
  return (
    <AriaSelect
      className="select"
      value={value}
      onChange={(key) => key !== null && onChange(String(key) as T)}
      {...(hideLabel ? { 'aria-label': label } : {})}
    >
      {!hideLabel && <Label className="label">{label}</Label>}
      <Button className="select-button">
        <SelectValue />
        <Icon name="down" size={14} />
      </Button>
      <Popover className="popover">
        <ListBox className="menu" items={options}>
          {(option) => (
            <ListBoxItem className="menu-item" id={option.id} textValue={option.name}>
              <span lang={option.lang}>{option.name}</span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
