import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '../api/hub';
import { useGeofences } from '../api/queries';
import type { Geofence } from '../api/types';
import { percent } from '../i18n/format';
import { useLive } from '../state/live-store';
import { goTo, notify, select, showPage } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { Modal } from '../ui/Modal';
import { useProblem } from '../ui/problem';
import { SeverityTag } from '../ui/Severity';
import { Empty, Skeleton } from '../ui/States';
import { CardHead, Facts, Section } from './Card';
import { directionText } from './directions';

export function GeofenceCard({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data, isPending } = useGeofences();
  const fence = data?.find((each) => each.id === id);
  if (!fence) {
    return (
      <>
        <CardHead title={t('zones.title')} />
        {isPending ? <Skeleton rows={3} /> : <Empty icon="zone">{t('card.gone')}</Empty>}
      </>
    );
  }
  return <Known fence={fence} />;
}

function Known({ fence }: { fence: Geofence }) {
  const { t } = useTranslation();
  const [deleting, setDeleting] = useState(false);
  const at = anchorOf(fence);
  return (
    <>
      <CardHead title={fence.name}>
        <div className="card-tags muted">{t(`zones.${fence.kind}`)}</div>
      </CardHead>
      <div className="card-body">
        <Section title={t('zones.rules')}>
          {fence.rules.length === 0 && <p className="muted">{t('zones.no_rules')}</p>}
          <ul className="link-list">
            {fence.rules.map((rule) => (
              <li key={rule.id} className="rule-line">
                <SeverityTag severity={rule.severity} />
                <span>{t(`zones.rule_${rule.kind}`, { defaultValue: rule.name })}</span>
              </li>
            ))}
          </ul>
        </Section>
        <Facts
          facts={[
            ...(fence.kind === 'line'
              ? ([[t('zones.counts'), directionText(t, fence)]] as [string, string][])
              : []),
            [
              t('zones.certainty'),
              t('zones.certainty_value', { in: percent(fence.p_in), out: percent(fence.p_out) }),
            ],
            [t('zones.version'), fence.version],
          ]}
        />
        {at && (
          <Button
            onPress={() => {
              goTo(at[0], at[1]);
              showPage('map');
            }}
          >
            <Icon name="target" size={16} /> {t('action.show_on_map')}
          </Button>
        )}
      </div>
      <footer className="card-actions">
        <Button look="danger" onPress={() => setDeleting(true)}>
          <Icon name="bin" size={16} /> {t('action.delete')}…
        </Button>
      </footer>
      <DeleteDialog fence={fence} isOpen={deleting} onClose={() => setDeleting(false)} />
    </>
  );
}

interface DeleteProps {
  fence: Geofence;
  isOpen: boolean;
  onClose: () => void;
}

function DeleteDialog({ fence, isOpen, onClose }: DeleteProps) {
  const { t } = useTranslation();
  const problem = useProblem();
  const client = useQueryClient();
  const sector = useLive((state) => state.sector);
  const remove = useMutation({
    mutationFn: () => hub.deleteGeofence(sector as string, fence.id),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ['geofences'] });
      notify({ kind: 'done', text: t('zones.deleted', { name: fence.name }) });
      onClose();
      select(null);
    },
  });
  return (
    <Modal
      title={t('zones.delete_title', { name: fence.name })}
      isOpen={isOpen}
      onClose={onClose}
      alert
    >
      <p>{t('zones.delete_effect')}</p>
      {fence.rules.length > 0 && (
        <>
          <p>{t('zones.delete_rules')}</p>
          <ul>
            {fence.rules.map((rule) => (
              <li key={rule.id}>{rule.name}</li>
            ))}
          </ul>
        </>
      )}
      {remove.error && (
        <p className="field-error" role="alert">
          {problem(remove.error)}
        </p>
      )}
      <div className="dialog-actions">
        <Button onPress={onClose} autoFocus>
          {t('action.cancel')}
        </Button>
        <Button look="danger" isPending={remove.isPending} onPress={() => remove.mutate()}>
          {remove.isPending ? t('card.sending') : t('action.delete')}
        </Button>
      </div>
    </Modal>
  );
}

/** A place to go to: the middle of the points. */
function anchorOf(fence: Geofence): [lon: number, lat: number] | null {
  const points =
    fence.geom.type === 'Polygon' ? (fence.geom.coordinates[0] ?? []) : fence.geom.coordinates;
  if (points.length === 0) return null;
  const mean = (i: 0 | 1) => points.reduce((sum, p) => sum + (p[i] ?? 0), 0) / points.length;
  return [mean(0), mean(1)];
}
