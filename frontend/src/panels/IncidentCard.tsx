import { useTranslation } from 'react-i18next';
import { useIncidentDetail } from '../api/queries';
import type { Incident } from '../api/types';
import { localMoment, localTime, utcTime } from '../i18n/format';
import { useAgeText, useSpoken } from '../i18n/spoken';
import { useNow } from '../state/clock';
import { useLive } from '../state/live-store';
import { isWaiting } from '../state/order';
import { goTo, showPage } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { SeverityTag } from '../ui/Severity';
import { Empty, Problem, Skeleton } from '../ui/States';
import { CardHead, Facts, Section } from './Card';
import { IncidentFootage } from './footage/IncidentFootage';
import { IncidentActions } from './IncidentActions';
import { IncidentLinks } from './IncidentLinks';
import { IncidentSensors } from './IncidentSensors';
import { IncidentStatus } from './IncidentStatus';
import { IncidentTracks } from './IncidentTracks';
import { PlaceLine } from './PlaceLine';
import { Timeline } from './Timeline';
import { WhyItFired } from './WhyItFired';
import { kindOfAlarm, nameOfAlarm } from './what';

/** An alarm with all that is known of it, and what a person can do about it. */
export function IncidentCard({ id }: { id: string }) {
  const { t } = useTranslation();
  const live = useLive((state) => state.incidents.get(id));
  const { data: detail, error, refetch } = useIncidentDetail(id, live?.rev);
  const incident: Incident | undefined = live ?? detail;
  if (!incident) {
    return (
      <>
        <CardHead title={t('queue.title')} />
        {error ? <Problem error={error} onRetry={refetch} /> : <Skeleton rows={4} />}
      </>
    );
  }
  return (
    <>
      <CardHead title={nameOfAlarm(incident)}>
        <div className="card-tags">
          <SeverityTag severity={incident.severity} lifeAtRisk={incident.life_at_risk} />
          <span className="muted">{kindOfAlarm(t, incident)}</span>
        </div>
      </CardHead>
      <div
        className="card-body"
        data-card-alarm={incident.no}
        data-status={incident.status}
        data-waits={isWaiting(incident)}
      >
        <IncidentStatus incident={incident} />
        <Times incident={incident} />
        {incident.rule && (
          <Section title={t('card.why')}>
            {detail ? (
              <WhyItFired incident={incident} evidence={detail.evidence} />
            ) : error ? (
              <Problem error={error} onRetry={refetch} />
            ) : (
              <Skeleton rows={1} />
            )}
          </Section>
        )}
        <IncidentFootage incident={incident} />
        <Section title={t('card.place')}>
          <PlaceLine lon={incident.lon} lat={incident.lat} place={incident.place} />
          <Button
            onPress={() => {
              goTo(incident.lon, incident.lat);
              showPage('map');
            }}
          >
            <Icon name="target" size={16} /> {t('action.show_on_map')}
          </Button>
        </Section>
        <Section title={t('card.tracks_n', { count: incident.tracks.length })}>
          {incident.tracks.length > 0 ? (
            <IncidentTracks incident={incident} />
          ) : (
            <Empty icon="track">{t(incident.rule ? 'card.gone' : 'card.by_hand')}</Empty>
          )}
        </Section>
        <IncidentSensors incident={incident} />
        {incident.links.length > 0 && <IncidentLinks incident={incident} />}
        {detail && (
          <Section title={t('card.timeline')}>
            <Timeline events={detail.events} />
          </Section>
        )}
      </div>
      <IncidentActions incident={incident} />
    </>
  );
}

function Times({ incident }: { incident: Incident }) {
  const { t } = useTranslation();
  const now = useNow();
  const spoken = useSpoken();
  const age = useAgeText();
  const opened = Date.parse(incident.opened_at);
  const last = Date.parse(incident.last_at);
  return (
    <Facts
      facts={[
        [t('card.no'), <strong key="no">#{incident.no}</strong>],
        [
          t('card.opened'),
          <>
            <strong>{localMoment(opened, now, spoken)}</strong>{' '}
            <span className="muted">
              {utcTime(opened)} · {t('card.age_ago', { age: age(now - opened) })}
            </span>
          </>,
        ],
        [
          t('card.last'),
          <>
            {localTime(last, spoken)}{' '}
            <span className="muted">{t('card.age_ago', { age: age(now - last) })}</span>
          </>,
        ],
        [
          t('card.state'),
          `${t(`condition.${incident.condition}`)} · ${t('card.findings_n', { count: incident.findings })}`,
        ],
      ]}
    />
  );
}
