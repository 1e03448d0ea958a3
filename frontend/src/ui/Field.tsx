import {
  FieldError,
  Input,
  Label,
  TextArea,
  TextField,
  type TextFieldProps,
} from 'react-aria-components';

interface Props extends Omit<TextFieldProps, 'className' | 'children'> {
  label: string;
  hint?: string;
  lines?: number;
  hideLabel?: boolean;
  error?: string | null;
}

export function Field({ label, hint, lines, hideLabel = false, error, ...props }: Props) {
  return (
    <TextField
      {...props}
      className="field"
      isInvalid={Boolean(error)}
      {...(hideLabel ? { 'aria-label': label } : {})}
    >
      {!hideLabel && <Label className="label">{label}</Label>}
      {lines ? <TextArea className="input" rows={lines} /> : <Input className="input" />}
      {hint && !error && <p className="hint">{hint}</p>}
      <FieldError className="field-error">{error}</FieldError>
    </TextField>
  );
}
