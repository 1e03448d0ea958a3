import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useLive } from '../state/live-store';
import { isOpen } from '../state/order';
import { ask, type StepDialog, useView } from '../state/view';
import { Modal } from '../ui/Modal';
import { FootageDialogs } from './footage/FootageDialogs';
import { DispatchForm, NoteForm, SnoozeForm } from './forms';
import { MakeForm } from './MakeForm';
import { OtherForm } from './OtherForm';
import { ResolveAllForm } from './ResolveAllForm';
import { ResolveForm } from './ResolveForm';
import { RuleDialogs } from './rules/RuleDialogs';
import { SplitForm } from './SplitForm';

const FORMS = {
  dispatch: DispatchForm,
  resolve: ResolveForm,
  snooze: SnoozeForm,
  note: NoteForm,
  split: SplitForm,
  merge: OtherForm,
  link: OtherForm,
} as const;

/** Asks what a step needs to know: about the incident, or where a new one is. */
export function IncidentDialog() {
  const { t } = useTranslation();
  const dialog = useView((view) => view.dialog);
  const close = () => ask(null);
  if (dialog?.kind === 'make') {
    return (
      <Modal title={t('make.title')} isOpen onClose={close}>
        <MakeForm place={dialog.place} onClose={close} />
      </Modal>
    );
  }
  if (dialog?.kind === 'resolve_all') {
    return (
      <Modal title={t('nuisance.resolve_title', { name: dialog.name })} isOpen onClose={close}>
        <ResolveAllForm ids={dialog.ids} onClose={close} />
      </Modal>
    );
  }
  if (dialog?.kind === 'rule' || dialog?.kind === 'pause' || dialog?.kind === 'explain') {
    return <RuleDialogs dialog={dialog} />;
  }
  if (dialog?.kind === 'live' || dialog?.kind === 'footage' || dialog?.kind === 'ask_footage') {
    return <FootageDialogs dialog={dialog} />;
  }
  return <AboutIncident kind={dialog?.kind ?? 'note'} id={dialog?.id ?? null} onClose={close} />;
}

interface Props {
  kind: StepDialog;
  id: string | null;
  onClose: () => void;
}

function AboutIncident({ kind, id, onClose }: Props) {
  const { t } = useTranslation();
  const incident = useLive((state) => (id ? state.incidents.get(id) : undefined));
  const allowed = kind === 'note' || kind === 'link';
  const done = incident !== undefined && !isOpen(incident) && !allowed;
  // The live picture may tell of the resolution before the answer does: forget the question then,
  // or it would be asked again when somebody reopens the alarm.
  useEffect(() => {
    if (done) ask(null);
  }, [done]);
  const Form = FORMS[kind];
  return (
    <Modal
      title={t(`step.${kind}`, { no: incident?.no ?? '' })}
      isOpen={incident !== undefined && !done}
      onClose={onClose}
    >
      {incident && (
        <Form key={`${kind} ${incident.id}`} kind={kind} incident={incident} onClose={onClose} />
      )}
    </Modal>
  );
}
