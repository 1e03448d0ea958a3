import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Choice } from '../ui/Choice';
import { Field } from '../ui/Field';
import { MAX_NOTE, StepForm, type StepProps, withNote } from './StepForm';

const MAX_NAME = 128;

export function DispatchForm(props: StepProps) {
  const { t } = useTranslation();
  const [patrol, setPatrol] = useState('');
  const [note, setNote] = useState('');
  return (
    <StepForm {...props} said={patrol.trim() ? withNote({ patrol: patrol.trim() }, note) : null}>
      <Field
        label={t('step.patrol')}
        hint={t('step.patrol_hint')}
        maxLength={MAX_NAME}
        value={patrol}
        onChange={setPatrol}
        autoFocus
      />
      <NoteField value={note} onChange={setNote} />
    </StepForm>
  );
}

const MINUTES = ['5', '15', '60', '240'] as const;
/** Life at risk sleeps for a quarter of an hour at most. */
const LONGEST_OF_LIFE = 15;

export function SnoozeForm(props: StepProps) {
  const { t } = useTranslation();
  const [minutes, setMinutes] = useState<(typeof MINUTES)[number]>('15');
  const [reason, setReason] = useState('');
  const most = props.incident.life_at_risk ? LONGEST_OF_LIFE : Number.POSITIVE_INFINITY;
  const said = { seconds: Number(minutes) * 60, reason: reason.trim() };
  return (
    <StepForm {...props} said={said.reason ? said : null}>
      <Choice
        label={t('step.how_long')}
        value={minutes}
        options={MINUTES.filter((each) => Number(each) <= most).map((each) => ({
          id: each,
          label: t(`step.minutes_${each}`),
        }))}
        onChange={setMinutes}
      />
      <Field
        label={t('step.reason')}
        hint={t('step.reason_hint')}
        maxLength={MAX_NAME}
        value={reason}
        onChange={setReason}
        autoFocus
      />
    </StepForm>
  );
}

export function NoteForm(props: StepProps) {
  const { t } = useTranslation();
  const [note, setNote] = useState('');
  return (
    <StepForm {...props} said={note.trim() ? { note: note.trim() } : null}>
      <Field
        label={t('resolve.note')}
        lines={3}
        maxLength={MAX_NOTE}
        value={note}
        onChange={setNote}
        autoFocus
      />
    </StepForm>
  );
}

export function NoteField({ value, onChange }: { value: string; onChange: (v: string) => void }) {
  const { t } = useTranslation();
  return (
    <Field
      label={t('resolve.note')}
      hint={t('resolve.note_hint')}
      lines={2}
      maxLength={MAX_NOTE}
      value={value}
      onChange={onChange}
    />
  );
}
