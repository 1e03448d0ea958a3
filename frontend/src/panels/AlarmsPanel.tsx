import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useResolved } from '../api/queries';
import type { Incident } from '../api/types';
import { localMinute, localMoment } from '../i18n/format';
import { useSpoken } from '../i18n/spoken';
import { hubNow } from '../state/clock';
import { useLive } from '../state/live-store';
import { isWaiting, queueOf } from '../state/order';
import { ALARM_TABS, ask, goTo, select, useView } from '../state/view';
import { Button } from '../ui/Button';
import { Choice } from '../ui/Choice';
import { Icon } from '../ui/Icon';
import { Kbd } from '../ui/Kbd';
import { Rows } from '../ui/Rows';
import { Empty, Problem, Skeleton } from '../ui/States';
import { AlarmRow } from './AlarmRow';
import { PanelHead } from './PanelHead';
import { SuppressedList } from './SuppressedList';
import { whatHappened } from './what';

const ROW_PX = 78;
const LISTS = { open: OpenList, resolved: ResolvedList, suppressed: SuppressedList } as const;

/** The queue: what wants a person, most urgent first. */
export function AlarmsPanel() {
  const { t } = useTranslation();
  const tab = useView((view) => view.alarmTab);
  const List = LISTS[tab];
  return (
    <>
      <PanelHead title={t('queue.title')}>
        <Choice
          label={t('queue.title')}
          hideLabel
          value={tab}
          options={ALARM_TABS.map((id) => ({ id, label: t(`queue.${id}`) }))}
          onChange={(alarmTab) => useView.setState({ alarmTab })}
        />
      </PanelHead>
      <List />
      <Button
        look="quiet"
        wide
        data-action="make"
        onPress={() => ask({ kind: 'make', place: null })}
      >
        <Icon name="plus" size={16} /> {t('make.open')} <Kbd>I</Kbd>
      </Button>
    </>
  );
}

function OpenList() {
  const { t } = useTranslation();
  const incidents = useLive((state) => state.incidents);
  const started = useLive((state) => state.rev > 0);
  const showQuiet = useView((view) => view.showQuiet);
  const queue = useMemo(() => queueOf(incidents.values(), showQuiet), [incidents, showQuiet]);
  const all = queue.rows.length + queue.hidden;
  if (!started) return <Skeleton />;
  if (all === 0) return <QueueEmpty />;
  return (
    <>
      <p className="panel-note" role="status">
        {queue.waiting > 0 ? (
          <strong>{t('queue.waiting', { count: queue.waiting })}</strong>
        ) : (
          t('queue.none_waiting')
        )}
        {all > queue.waiting && ` · ${t('queue.taken', { count: all - queue.waiting })}`}
      </p>
      <IncidentRows incidents={queue.rows} />
      {(queue.hidden > 0 || showQuiet) && (
        <Button look="quiet" wide onPress={() => useView.setState({ showQuiet: !showQuiet })}>
          {showQuiet
            ? t('queue.hide_quiet')
            : `${t('queue.hidden', { count: queue.hidden })} · ${t('queue.show_hidden')}`}
        </Button>
      )}
    </>
  );
}

function QueueEmpty() {
  const { t } = useTranslation();
  const spoken = useSpoken();
  const { data: resolved } = useResolved();
  const last = resolved?.reduce<number>(
    (latest, incident) => Math.max(latest, Date.parse(incident.opened_at)),
    0,
  );
  const today = last && hubNow() - last < 12 * 3_600_000;
  return (
    <Empty icon="check">
      {last
        ? t('queue.empty_since', {
            time: today ? localMinute(last, spoken) : localMoment(last, hubNow(), spoken),
          })
        : t('queue.empty')}
    </Empty>
  );
}

function ResolvedList() {
  const { t } = useTranslation();
  const { data, error, refetch, isPending } = useResolved();
  if (isPending) return <Skeleton />;
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (data.length === 0) return <Empty icon="alarm">{t('queue.none_resolved')}</Empty>;
  return <IncidentRows incidents={data} />;
}

function IncidentRows({ incidents }: { incidents: readonly Incident[] }) {
  const { t, i18n } = useTranslation();
  const selectedId = useView((view) =>
    view.selection?.kind === 'incident' ? view.selection.id : null,
  );
  return (
    <Rows
      label={t('queue.title')}
      items={incidents}
      rowHeight={ROW_PX}
      selectedId={selectedId}
      onSelect={(incident) => {
        select({ kind: 'incident', id: incident.id });
        goTo(incident.lon, incident.lat, false);
      }}
      textOf={(incident) =>
        `${t('card.alarm_no', { no: incident.no })}, ${t(
          incident.life_at_risk ? 'severity.life' : `severity.${incident.severity}`,
        )}, ${t(`status.${incident.status}`)}. ${whatHappened(t, incident)}`
      }
      classOf={(incident) =>
        `alarm alarm-${isWaiting(incident) ? 'new' : incident.status} alarm-${incident.life_at_risk ? 'life' : incident.severity}`
      }
      dependencies={[i18n.language]}
    >
      {(incident) => <AlarmRow incident={incident} />}
    </Rows>
  );
}
