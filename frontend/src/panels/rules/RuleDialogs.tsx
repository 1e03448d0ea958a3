import { useTranslation } from 'react-i18next';
import { useGeofence, useRuleKinds } from '../../api/queries';
import { ask, type RuleDialog } from '../../state/view';
import { Modal } from '../../ui/Modal';
import { Problem, Skeleton } from '../../ui/States';
import { ExplainForm } from './ExplainForm';
import { PauseForm } from './PauseForm';
import { RuleEditor } from './RuleEditor';

const close = () => ask(null);

/** The questions about rules: how one shall be, until when a geofence pauses, why none fired. */
export function RuleDialogs({ dialog }: { dialog: RuleDialog }) {
  const { t } = useTranslation();
  if (dialog.kind === 'explain') {
    return (
      <Modal title={t('explain.title', { no: dialog.track })} isOpen onClose={close}>
        <ExplainForm track={dialog.track} />
      </Modal>
    );
  }
  return dialog.kind === 'pause' ? (
    <Pausing geofence={dialog.geofence} />
  ) : (
    <Editing geofence={dialog.geofence} rule={dialog.rule} />
  );
}

function Editing({ geofence, rule }: { geofence: string; rule: string | null }) {
  const { t } = useTranslation();
  const fence = useGeofence(geofence);
  const { data: kinds, error, refetch } = useRuleKinds();
  if (!fence) return null;
  const held = fence.rules.find((each) => each.id === rule) ?? null;
  return (
    <Modal
      title={
        held ? t('rule.edit_title', { name: held.name }) : t('rule.new_title', { name: fence.name })
      }
      isOpen
      onClose={close}
    >
      {error ? (
        <Problem error={error} onRetry={refetch} />
      ) : kinds ? (
        <RuleEditor fence={fence} rule={held} kinds={kinds} onClose={close} />
      ) : (
        <Skeleton rows={4} />
      )}
    </Modal>
  );
}

function Pausing({ geofence }: { geofence: string }) {
  const { t } = useTranslation();
  const fence = useGeofence(geofence);
  if (!fence) return null;
  return (
    <Modal title={t('pause.title', { name: fence.name })} isOpen onClose={close}>
      <PauseForm fence={fence} onClose={close} />
    </Modal>
  );
}
