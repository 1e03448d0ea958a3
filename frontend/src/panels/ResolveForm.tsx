import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { DISPOSITIONS, type Disposition } from '../api/types';
import { Choice } from '../ui/Choice';
import { NoteField } from './forms';
import { StepForm, type StepProps, withNote } from './StepForm';

const groupOf = (disposition: Disposition): 'genuine' | 'nuisance' | 'other' =>
  disposition.startsWith('genuine_')
    ? 'genuine'
    : disposition.startsWith('nuisance_')
      ? 'nuisance'
      : 'other';

interface ChoiceProps {
  value: Disposition | null;
  onChange: (value: Disposition) => void;
}

/** What it was, in three groups. */
export function DispositionChoice({ value, onChange }: ChoiceProps) {
  const { t } = useTranslation();
  return (['genuine', 'nuisance', 'other'] as const).map((group) => (
    <Choice
      key={group}
      label={t(`resolve.was.${group}`)}
      look="list"
      value={value && groupOf(value) === group ? value : null}
      options={DISPOSITIONS.filter((each) => groupOf(each) === group).map((each) => ({
        id: each,
        label: t(`disposition.${each}`),
      }))}
      onChange={onChange}
    />
  ));
}

/** Asks what it was before an alarm leaves the queue. */
export function ResolveForm(props: StepProps) {
  const [disposition, setDisposition] = useState<Disposition | null>(null);
  const [note, setNote] = useState('');
  return (
    <StepForm {...props} said={disposition && withNote({ disposition }, note)}>
      <DispositionChoice value={disposition} onChange={setDisposition} />
      <NoteField value={note} onChange={setNote} />
    </StepForm>
  );
}
