import { useTranslation } from 'react-i18next';
import { useGeofences, useSuppressed } from '../api/queries';
import type { Suppressed } from '../api/types';
import { localMoment, percent } from '../i18n/format';
import { useSpoken } from '../i18n/spoken';
import { useNow } from '../state/clock';
import { select, useView } from '../state/view';
import { Icon } from '../ui/Icon';
import { Rows } from '../ui/Rows';
import { Empty, Problem, Skeleton } from '../ui/States';

const HOURS = 24;
const ROW_PX = 62;

/** What rules found in the last day and did not raise, and why: our own patrols. */
export function SuppressedList() {
  const { t, i18n } = useTranslation();
  const { data, error, refetch, isPending } = useSuppressed(HOURS);
  const open = useView(({ selection }) => (selection?.kind === 'track' ? selection.no : null));
  if (isPending) return <Skeleton />;
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (data.length === 0) return <Empty icon="check">{t('suppressed.empty')}</Empty>;
  const items = data.map((each) => ({
    ...each,
    id: `${each.rule_id} ${each.track_no} ${each.at}`,
  }));
  return (
    <>
      <p className="panel-note">{t('suppressed.what', { count: data.length })}</p>
      <Rows
        label={t('queue.suppressed')}
        items={items}
        rowHeight={ROW_PX}
        selectedId={items.find((each) => each.track_no === open)?.id ?? null}
        onSelect={(each) => select({ kind: 'track', no: each.track_no })}
        textOf={(each) => `${t('tracks.track_no', { no: each.track_no })}, ${each.at}`}
        dependencies={[i18n.language]}
      >
        {(each) => <SuppressedRow found={each} />}
      </Rows>
    </>
  );
}

function SuppressedRow({ found }: { found: Suppressed }) {
  const { t } = useTranslation();
  const now = useNow();
  const spoken = useSpoken();
  const { data: fences } = useGeofences();
  const fence = fences?.find((each) => each.id === found.geofence_id);
  const friend = (found.evidence.friendly ?? {}) as { unit?: string; p?: number };
  return (
    <div className="plain-row" data-suppressed={found.reason}>
      <Icon name="user" size={16} />
      <div className="link-main">
        <span className="alarm-line">
          <strong className="one-line">
            {fence && `${fence.name}, `}
            {t(`what.${found.kind}`)}
          </strong>
          <span className="alarm-age">{localMoment(Date.parse(found.at), now, spoken)}</span>
        </span>
        <span className="muted one-line">
          {t('tracks.track_no', { no: found.track_no })} ·{' '}
          {t('suppressed.friendly', { unit: friend.unit ?? '–', p: percent(friend.p ?? 0) })}
        </span>
      </div>
    </div>
  );
}
