import { useTranslation } from 'react-i18next';
import type { Incident } from '../api/types';
import { localMinute, localTime } from '../i18n/format';
import { useAgeText, useSpoken } from '../i18n/spoken';
import { useNow } from '../state/clock';
import { useLive } from '../state/live-store';
import { isQuiet, isWaiting } from '../state/order';
import { Icon } from '../ui/Icon';
import { SeverityMark } from '../ui/Severity';
import { initials, kindOfAlarm, nameOfAlarm, whoIsIn } from './what';

/** One alarm of the queue: how bad, what, who, since when, in whose hands. */
export function AlarmRow({ incident }: { incident: Incident }) {
  const { t } = useTranslation();
  const spoken = useSpoken();
  const no = incident.tracks[0]?.no ?? -1;
  const seen = useLive((state) => state.tracks.get(no)?.objectClass);
  const opened = Date.parse(incident.opened_at);
  const resolved = incident.status === 'resolved';
  const level = incident.life_at_risk ? 'life' : incident.severity;
  const name = nameOfAlarm(incident);
  return (
    <div
      className="alarm-row"
      data-quiet={isQuiet(incident) || resolved}
      data-alarm={incident.no}
      data-alarm-id={incident.id}
      data-status={incident.status}
      data-waits={isWaiting(incident)}
    >
      <SeverityMark severity={incident.severity} lifeAtRisk={incident.life_at_risk} size={20} />
      <div className="alarm-main">
        <div className="alarm-line">
          <span className="one-line">
            <span className={`alarm-word severity-${level}`}>{t(`severity.${level}`)}</span>{' '}
            <span className="muted">{kindOfAlarm(t, incident)}</span>
          </span>
          <span className="alarm-age">
            {resolved ? (
              localTime(Date.parse(incident.resolved_at ?? ''), spoken)
            ) : (
              <Age at={opened} />
            )}
          </span>
        </div>
        <div className="alarm-what one-line" title={name}>
          {name}
        </div>
        <div className="alarm-line muted">
          <span className="one-line">
            #{incident.no} · {localTime(opened, spoken)} · {whoIsIn(t, incident, seen)}
          </span>
          <Hand incident={incident} />
        </div>
      </div>
    </div>
  );
}

/** How far it is: found later, over, in somebody's hands, or what it was. */
function Hand({ incident }: { incident: Incident }) {
  const { t } = useTranslation();
  const spoken = useSpoken();
  const taker = incident.acknowledged_by;
  if (incident.status === 'resolved') {
    return (
      <span className="alarm-hand one-line">
        {incident.merged_into
          ? t('queue.merged', { no: incident.merged_into.no })
          : t(`disposition.${incident.disposition ?? 'unknown'}`)}
      </span>
    );
  }
  return (
    <span className="alarm-hand">
      {incident.historical && (
        <span className="alarm-sign" title={t('queue.historical')}>
          <Icon name="clock" size={14} />
          {t('queue.historical')}
        </span>
      )}
      {incident.overdue && (
        <span className="alarm-sign alarm-overdue">
          <Icon name="warn" size={14} />
          {t('queue.overdue')}
        </span>
      )}
      {incident.snoozed_until && (
        <span className="alarm-sign" title={incident.snooze_reason ?? ''}>
          <Icon name="clock" size={14} />
          {t('queue.sleeps', { time: localMinute(Date.parse(incident.snoozed_until), spoken) })}
        </span>
      )}
      {incident.condition === 'cleared' && !incident.historical && (
        <span>{t('condition.cleared')}</span>
      )}
      {incident.status === 'dispatched' && <span className="one-line">{incident.patrol}</span>}
      {incident.status === 'on_scene' && <span>{t('status.on_scene')}</span>}
      {isWaiting(incident) && incident.status !== 'new' && (
        <strong className="alarm-sign">{t('queue.raised')}</strong>
      )}
      {incident.status === 'acknowledged' && taker && (
        <span className="alarm-sign" title={t('queue.taken_by', { name: taker })}>
          <Icon name="check" size={14} />
          <span className="visually-hidden">{t('queue.taken_by', { name: taker })}</span>
          <span aria-hidden="true">{initials(taker)}</span>
        </span>
      )}
    </span>
  );
}

function Age({ at }: { at: number }) {
  const now = useNow();
  const age = useAgeText();
  return <>{age(now - at)}</>;
}
