import { useTranslation } from 'react-i18next';
import { useEdges } from '../api/queries';
import type { Edge, SystemAlarm } from '../api/types';
import { count } from '../i18n/format';
import { useAgeText } from '../i18n/spoken';
import { useNow } from '../state/clock';
import { useLive } from '../state/live-store';
import { select, useView } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { Rows } from '../ui/Rows';
import { Empty, Problem, Skeleton } from '../ui/States';
import { EdgeStateTag } from './EdgeStateTag';
import { PanelHead } from './PanelHead';
import { alarmKey, byNeed, NO_ALARMS, useAlarmText } from './system-alarms';

/** How the system itself fares: what is wrong with it, and every edge with its books. */
export function HealthPanel() {
  const { t, i18n } = useTranslation();
  const alarms = useLive((state) => state.pulse?.alarms ?? NO_ALARMS);
  const { data: edges, error, refetch } = useEdges();
  const selectedId = useView((view) =>
    view.selection?.kind === 'edge' ? view.selection.id : null,
  );
  return (
    <>
      <PanelHead title={t('system.title')} />
      {alarms.length === 0 ? (
        <p className="panel-note">{t('system.well')}</p>
      ) : (
        <ul className="system-alarms" aria-label={t('system.alarms')}>
          {alarms.map((alarm) => (
            <li key={alarmKey(alarm)} className={`system-${alarm.severity}`} data-code={alarm.code}>
              <AlarmItem alarm={alarm} />
            </li>
          ))}
        </ul>
      )}
      <h3 className="panel-section">{t('system.edges')}</h3>
      {error && <Problem error={error} onRetry={refetch} />}
      {!edges && !error && <Skeleton rows={3} />}
      {edges?.length === 0 && <Empty icon="health">{t('system.no_edges')}</Empty>}
      {edges && edges.length > 0 && (
        <Rows
          label={t('system.edges')}
          items={byNeed(edges)}
          rowHeight={64}
          selectedId={selectedId}
          onSelect={(edge) => select({ kind: 'edge', id: edge.id })}
          textOf={(edge) => `${edge.id}, ${t(`edge_state.${edge.state}`)}`}
          dependencies={[i18n.language]}
        >
          {(edge) => <EdgeRow edge={edge} />}
        </Rows>
      )}
    </>
  );
}

function AlarmItem({ alarm }: { alarm: SystemAlarm }) {
  const { t } = useTranslation();
  const { what, todo } = useAlarmText()(alarm);
  const edge = alarm.params.edge;
  return (
    <>
      <Icon name="warn" size={18} />
      <div>
        <strong>{what}</strong> {todo}{' '}
        {edge && (
          <Button look="quiet" onPress={() => select({ kind: 'edge', id: String(edge) })}>
            {t('banner.show')}
          </Button>
        )}
      </div>
    </>
  );
}

function EdgeRow({ edge }: { edge: Edge }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const age = useAgeText();
  const gone = [
    edge.missing > 0 && t('system.row_missing', { n: count(edge.missing, i18n.language) }),
    edge.lost > 0 && t('system.row_lost', { n: count(edge.lost, i18n.language) }),
    edge.quarantined > 0 &&
      t('system.row_quarantined', { n: count(edge.quarantined, i18n.language) }),
  ].filter(Boolean);
  return (
    <div className="plain-row" data-edge={edge.id} data-state={edge.state}>
      <Icon name="health" size={16} />
      <div className="link-main">
        <strong className="one-line">{edge.id}</strong>
        <span className="muted one-line">
          {edge.seen_at
            ? t('card.age_ago', { age: age(now - Date.parse(edge.seen_at)) })
            : t('sensors.never')}
          {' · '}
          {gone.length > 0 ? gone.join(', ') : edge.expected > 0 ? t('system.complete') : '–'}
        </span>
      </div>
      <EdgeStateTag state={edge.state} />
    </div>
  );
}
