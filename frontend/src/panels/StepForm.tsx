import type { ReactNode } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { Incident } from '../api/types';
import type { StepDialog } from '../state/view';
import { Button } from '../ui/Button';
import { useProblem } from '../ui/problem';
import { useStep } from './actions';
import { whatHappened } from './what';

export const MAX_NOTE = 2000;

/** What every form about an incident is given. */
export interface StepProps {
  kind: StepDialog;
  incident: Incident;
  onClose: () => void;
}

interface Props extends StepProps {
  /** What the hub is told; null while something is missing. */
  said: Record<string, unknown> | null;
  children: ReactNode;
}

/** The frame of a question about an incident: what it is, the fields, the effect, the way out. */
export function StepForm({ kind, incident, onClose, said, children }: Props) {
  const { t } = useTranslation();
  const problem = useProblem();
  const step = useStep();
  return (
    <Form
      className="stack step-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (said) step.mutate({ id: incident.id, verb: kind, said }, { onSuccess: onClose });
      }}
    >
      <p className="muted">{whatHappened(t, incident)}</p>
      {children}
      {step.isError && (
        <p className="field-error" role="alert">
          {problem(step.error)}
        </p>
      )}
      <p className="hint">{t(`effect.${kind}`)}</p>
      <div className="dialog-actions">
        <Button onPress={onClose}>{t('action.cancel')}</Button>
        <Button type="submit" look="primary" isDisabled={!said} isPending={step.isPending}>
          {step.isPending ? t('card.sending') : t(`action.${kind}`)}
        </Button>
      </div>
    </Form>
  );
}

/** What is said beside the rest, if anything. */
export const withNote = (said: Record<string, unknown>, note: string) =>
  note.trim() ? { ...said, note: note.trim() } : said;
