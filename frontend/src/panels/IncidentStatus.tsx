import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Incident } from '../api/types';
import { localMoment } from '../i18n/format';
import { useAgeText, useSpoken } from '../i18n/spoken';
import { useNow } from '../state/clock';
import { isWaiting } from '../state/order';
import { Icon, type IconName } from '../ui/Icon';

function Line({
  icon,
  urgent,
  children,
}: {
  icon: IconName;
  urgent?: boolean;
  children: ReactNode;
}) {
  return (
    <p className={urgent ? 'card-note card-note-urgent' : 'card-note'}>
      <Icon name={icon} size={16} />
      <span>{children}</span>
    </p>
  );
}

/** How far people are with it, and until when somebody has to do something. */
export function IncidentStatus({ incident }: { incident: Incident }) {
  const { t } = useTranslation();
  const now = useNow();
  const spoken = useSpoken();
  const age = useAgeText();
  const time = (iso: string) => localMoment(Date.parse(iso), now, spoken);
  const late = Date.parse(incident.known_at) - Date.parse(incident.opened_at);
  const { due_at: due } = incident;
  return (
    <>
      {incident.historical && (
        <Line icon="clock">
          {t('card.historical', { time: time(incident.opened_at), age: age(late) })}
        </Line>
      )}
      {isWaiting(incident) && due && (
        <Line icon={incident.overdue ? 'warn' : 'clock'} urgent={incident.overdue}>
          {incident.overdue
            ? t('card.overdue', { age: age(now - Date.parse(due)) })
            : t('card.due', { time: time(due) })}
        </Line>
      )}
      {isWaiting(incident) && incident.status !== 'new' && (
        <Line icon="alarm" urgent>
          {t('card.raised', { count: incident.tracks.length })}
        </Line>
      )}
      {incident.snoozed_until && (
        <Line icon="clock">
          {t('card.sleeps', { time: time(incident.snoozed_until) })}{' '}
          <strong>{incident.snooze_reason}</strong>
        </Line>
      )}
      {incident.patrol && incident.status !== 'resolved' && (
        <Line icon="user">
          {t(incident.status === 'on_scene' ? 'card.on_scene' : 'card.sent', {
            patrol: incident.patrol,
          })}
        </Line>
      )}
      {incident.status === 'on_scene' && !incident.patrol && (
        <Line icon="user">{t('card.somebody_on_scene')}</Line>
      )}
      {incident.merged_into && (
        <Line icon="check">{t('queue.merged', { no: incident.merged_into.no })}</Line>
      )}
      {incident.status === 'resolved' && incident.disposition && (
        <Line icon="check">
          {t('card.disposition')}: <strong>{t(`disposition.${incident.disposition}`)}</strong>
          {incident.resolved_at && (
            <>
              <br />
              {t('card.resolved_by', {
                name: incident.resolved_by ?? '–',
                time: time(incident.resolved_at),
              })}
            </>
          )}
        </Line>
      )}
      {incident.acknowledged_at && incident.status !== 'resolved' && (
        <Line icon="check">
          {t('card.acknowledged_by', {
            name: incident.acknowledged_by ?? '–',
            time: time(incident.acknowledged_at),
          })}
        </Line>
      )}
    </>
  );
}
