import { useEffect, useState } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { DISPOSITIONS, type Disposition, type Incident } from '../api/types';
import { useLive } from '../state/live-store';
import { useView } from '../state/view';
import { Button } from '../ui/Button';
import { Choice } from '../ui/Choice';
import { Field } from '../ui/Field';
import { Modal } from '../ui/Modal';
import { useProblem } from '../ui/problem';
import { useResolve } from './actions';
import { whatHappened } from './what';

const groupOf = (disposition: Disposition): 'genuine' | 'nuisance' | 'other' =>
  disposition.startsWith('genuine_')
    ? 'genuine'
    : disposition.startsWith('nuisance_')
      ? 'nuisance'
      : 'other';
const MAX_NOTE = 2000;

/** Asks what it was before an alarm leaves the queue. */
export function ResolveDialog() {
  const { t } = useTranslation();
  const id = useView((view) => view.resolving);
  const incident = useLive((state) => (id ? state.incidents.get(id) : undefined));
  const close = () => useView.setState({ resolving: null });
  const done = incident?.status === 'resolved';
  // The live picture may tell of the resolution before the answer does: forget the question then,
  // or it would be asked again when somebody reopens the alarm.
  useEffect(() => {
    if (done) useView.setState({ resolving: null });
  }, [done]);
  return (
    <Modal
      title={t('resolve.title', { no: incident?.no ?? '' })}
      isOpen={incident !== undefined && !done}
      onClose={close}
    >
      {incident && <ResolveForm key={incident.id} incident={incident} onClose={close} />}
    </Modal>
  );
}

function ResolveForm({ incident, onClose }: { incident: Incident; onClose: () => void }) {
  const { t } = useTranslation();
  const problem = useProblem();
  const [disposition, setDisposition] = useState<Disposition | null>(null);
  const [note, setNote] = useState('');
  const resolve = useResolve();
  return (
    <Form
      className="stack resolve"
      onSubmit={(event) => {
        event.preventDefault();
        if (!disposition) return;
        resolve.mutate({ id: incident.id, disposition, note: note.trim() }, { onSuccess: onClose });
      }}
    >
      <p className="muted">{whatHappened(t, incident)}</p>
      {(['genuine', 'nuisance', 'other'] as const).map((group) => (
        <Choice
          key={group}
          label={t(`resolve.was.${group}`)}
          look="list"
          value={disposition && groupOf(disposition) === group ? disposition : null}
          options={DISPOSITIONS.filter((each) => groupOf(each) === group).map((each) => ({
            id: each,
            label: t(`disposition.${each}`),
          }))}
          onChange={setDisposition}
        />
      ))}
      <Field
        label={t('resolve.note')}
        hint={t('resolve.note_hint')}
        lines={2}
        maxLength={MAX_NOTE}
        value={note}
        onChange={setNote}
      />
      {resolve.isError && (
        <p className="field-error" role="alert">
          {problem(resolve.error)}
        </p>
      )}
      <p className="hint">{t('resolve.effect')}</p>
      <div className="dialog-actions">
        <Button onPress={onClose}>{t('action.cancel')}</Button>
        <Button
          type="submit"
          look="primary"
          isDisabled={!disposition}
          isPending={resolve.isPending}
        >
          {resolve.isPending ? t('card.sending') : t('resolve.submit')}
        </Button>
      </div>
    </Form>
  );
}
