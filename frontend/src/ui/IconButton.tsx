import { Button, type ButtonProps } from 'react-aria-components';
import { Icon, type IconName } from './Icon';

interface Props extends Omit<ButtonProps, 'className' | 'children'> {
  icon: IconName;
  /** Its name for everyone: read aloud, and shown when pointed at. */
  label: string;
  pressed?: boolean;
}

export function IconButton({ icon, label, pressed, ...props }: Props) {
  return (
    <Button
      {...props}
      aria-label={label}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
      className="icon-button"
      render={(dom) => <button {...dom} title={label} />}
    >
      <Icon name={icon} />
    </Button>
  );
}
