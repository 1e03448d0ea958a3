import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '../api/hub';
import { useGeofences } from '../api/queries';
import type { Geofence } from '../api/types';
import { percent } from '../i18n/format';
import { useDistanceText, useSpoken } from '../i18n/spoken';
import { useNow } from '../state/clock';
import { useLive } from '../state/live-store';
import { ask, goTo, notify, showPage } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { useProblem } from '../ui/problem';
import { Empty, Skeleton } from '../ui/States';
import { CardHead, Facts } from './Card';
import { DeleteFence } from './DeleteFence';
import { directionText } from './directions';
import { FenceRules } from './FenceRules';
import { outOfForceText, scheduleText, shapeText } from './fence-words';

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
  const now = useNow();
  const spoken = useSpoken();
  const [deleting, setDeleting] = useState(false);
  const distanceText = useDistanceText();
  const off = outOfForceText(t, fence, now, spoken);
  const at = anchorOf(fence);
  return (
    <>
      <CardHead title={fence.name}>
        <div className="card-tags muted">{t(`zones.${fence.kind}`)}</div>
      </CardHead>
      <div className="card-body">
        {off && (
          <p className="card-note card-note-urgent" data-in-force="false">
            <Icon name="clock" size={16} />
            <span>{off}</span>
          </p>
        )}
        {fence.purpose === 'alarm' ? (
          <FenceRules fence={fence} />
        ) : (
          <p>{t(`purpose_what.${fence.purpose}`)}</p>
        )}
        <Facts facts={factsOf(fence)} />
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
        <PauseButton fence={fence} />
        <Button look="danger" data-action="delete" onPress={() => setDeleting(true)}>
          <Icon name="bin" size={16} /> {t('action.delete')}…
        </Button>
      </footer>
      {deleting && <DeleteFence fence={fence} onClose={() => setDeleting(false)} />}
    </>
  );

  function factsOf({ drawn, schedule, kind }: Geofence): [string, ReactNode][] {
    const facts: [string, ReactNode][] = [];
    if (drawn) facts.push([t('zones.shape'), shapeText(t, drawn, distanceText)]);
    if (kind === 'line') facts.push([t('zones.counts'), directionText(t, fence)]);
    const parts = schedule ? scheduleText(t, schedule, now, spoken) : [];
    if (parts.length > 0) facts.push([t('zones.schedule'), parts.join(' · ')]);
    const certainty = { in: percent(fence.p_in), out: percent(fence.p_out) };
    facts.push([t('zones.certainty'), t('zones.certainty_value', certainty)]);
    facts.push([t('zones.version'), fence.version]);
    return facts;
  }
}

/** Out of force until a time, or back into it now. */
function PauseButton({ fence }: { fence: Geofence }) {
  const { t } = useTranslation();
  const problem = useProblem();
  const client = useQueryClient();
  const sector = useLive((state) => state.sector);
  const arm = useMutation({
    mutationFn: () => hub.armGeofence(sector as string, fence.id),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ['geofences'] });
      notify({ kind: 'done', text: t('pause.ended', { name: fence.name }) });
    },
    onError: (error) => notify({ kind: 'error', text: problem(error) }, 12_000),
  });
  return fence.pause ? (
    <Button look="primary" data-action="arm" isPending={arm.isPending} onPress={() => arm.mutate()}>
      {t('pause.end')}
    </Button>
  ) : (
    <Button data-action="pause" onPress={() => ask({ kind: 'pause', geofence: fence.id })}>
      <Icon name="clock" size={16} /> {t('pause.ask')}
    </Button>
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
