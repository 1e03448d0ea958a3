import { Button as AriaButton, type ButtonProps } from 'react-aria-components';

interface Props extends Omit<ButtonProps, 'className'> {
  look?: 'plain' | 'primary' | 'quiet' | 'danger';
  wide?: boolean;
  /** A name for tests, the same in every language. */
  'data-action'?: string;
}

/** `isPending` says that the hub has been asked and has not answered yet. */
export function Button({ look = 'plain', wide = false, ...props }: Props) {
  return <AriaButton {...props} className={`button button-${look}${wide ? ' button-wide' : ''}`} />;
}
