import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useGeofences } from '../api/queries';
import type { Geofence } from '../api/types';
import { useSpoken } from '../i18n/spoken';
import { startDrawing, stopDrawing, useDraft } from '../map/tools/draft-store';
import { useNow } from '../state/clock';
import { select, useView } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { Rows } from '../ui/Rows';
import { SeverityMark } from '../ui/Severity';
import { Empty, Problem, Skeleton } from '../ui/States';
import { DraftForm } from './DraftForm';
import { outOfForceText, rulesText, worstOf } from './fence-words';
import { PanelHead } from './PanelHead';

export function ZonesPanel() {
  const { t } = useTranslation();
  const draft = useDraft((state) => state.draft);
  // Who opens another list has given the drawing up.
  useEffect(() => stopDrawing, []);
  return (
    <>
      <PanelHead title={t('zones.title')} />
      {draft?.done ? (
        <DraftForm draft={draft} />
      ) : (
        <>
          <div className="panel-tools">
            <Button isDisabled={draft !== null} onPress={() => startDrawing('area')}>
              <Icon name="zone" size={16} /> {t('zones.draw_area')}
            </Button>
            <Button isDisabled={draft !== null} onPress={() => startDrawing('line')}>
              <Icon name="line" size={16} /> {t('zones.draw_line')}
            </Button>
          </div>
          <ZoneList />
        </>
      )}
    </>
  );
}

function ZoneList() {
  const { t, i18n } = useTranslation();
  const { data, error, isPending, refetch } = useGeofences();
  const selectedId = useView((view) =>
    view.selection?.kind === 'geofence' ? view.selection.id : null,
  );
  if (isPending) return <Skeleton />;
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (data.length === 0) return <Empty icon="zone">{t('zones.empty')}</Empty>;
  return (
    <Rows
      label={t('zones.title')}
      items={data}
      rowHeight={56}
      selectedId={selectedId}
      onSelect={(fence) => select({ kind: 'geofence', id: fence.id })}
      textOf={(fence) => `${t(`zones.${fence.kind}`)} ${fence.name}`}
      dependencies={[i18n.language]}
    >
      {(fence) => <ZoneRow fence={fence} />}
    </Rows>
  );
}

function ZoneRow({ fence }: { fence: Geofence }) {
  const { t } = useTranslation();
  const now = useNow();
  const spoken = useSpoken();
  const severity = worstOf(fence);
  const off = outOfForceText(t, fence, now, spoken);
  return (
    <div className="plain-row" data-in-force={fence.in_force}>
      <Icon name={fence.kind === 'area' ? 'zone' : 'line'} size={16} />
      <div className="link-main">
        <strong className="one-line" title={fence.name}>
          {fence.name}
        </strong>
        <span className="muted one-line">
          {off ?? `${t(`zones.${fence.kind}`)} · ${rulesText(t, fence)}`}
        </span>
      </div>
      {off && <Icon name="clock" size={16} />}
      {severity && !off && <SeverityMark severity={severity} />}
    </div>
  );
}
