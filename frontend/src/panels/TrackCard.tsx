import { useMemo } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useTrackDetail } from '../api/queries';
import { CLASS_ORDER, type ObjectClass, type TrackDetail } from '../api/types';
import { bearing, kmh, localMoment, percent } from '../i18n/format';
import { useAgeText, useDistanceText, useSpoken } from '../i18n/spoken';
import { ellipseAxes } from '../map/geo';
import { useNow, useSteadyTrack } from '../state/clock';
import { useLive } from '../state/live-store';
import { isOpen } from '../state/order';
import { headingDeg, speedMps, type Track } from '../state/track';
import { ask, goTo, select, showPage } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { SeverityMark } from '../ui/Severity';
import { Empty, Skeleton } from '../ui/States';
import { CardHead, Facts, Section } from './Card';
import { PlaceLine } from './PlaceLine';
import { SensorLink } from './SensorLink';
import { whatHappened } from './what';

/** What is believed of one thing that moves, and how surely. */
export function TrackCard({ no }: { no: number }) {
  const { t } = useTranslation();
  const track = useSteadyTrack(no);
  const { data: detail, isPending } = useTrackDetail(no);
  const place = track ?? detail;
  return (
    <>
      <CardHead title={t('tracks.track_no', { no })}>
        <div className="card-tags muted">
          {t(`track_status.${track?.status ?? detail?.status ?? 'ended'}`)}
        </div>
      </CardHead>
      <div className="card-body">
        {!place &&
          (isPending ? <Skeleton rows={3} /> : <Empty icon="track">{t('card.gone')}</Empty>)}
        {track && <Motion track={track} />}
        {place && (
          <Section title={t('card.place')}>
            <PlaceLine lon={place.lon} lat={place.lat} />
            <Button
              onPress={() => {
                goTo(place.lon, place.lat);
                showPage('map');
              }}
            >
              <Icon name="target" size={16} /> {t('action.show_on_map')}
            </Button>
          </Section>
        )}
        {detail && <Kinds classes={detail.classes} />}
        {detail && <Seen detail={detail} />}
        <TrackAlarms no={no} />
      </div>
      {detail && (
        <footer className="card-actions">
          <Button data-action="explain" onPress={() => ask({ kind: 'explain', track: no })}>
            <Icon name="search" size={16} /> {t('explain.ask')}
          </Button>
        </footer>
      )}
    </>
  );
}

function Motion({ track }: { track: Track }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const age = useAgeText();
  const distanceText = useDistanceText();
  const axes = ellipseAxes(track.varEast, track.cov, track.varNorth);
  return (
    <Facts
      facts={[
        [
          t('tracks.class'),
          `${t(`class.${track.objectClass}`)}, ${t('unit.percent', { n: track.classPercent })}`,
        ],
        [t('tracks.speed'), t('unit.kmh', { n: kmh(speedMps(track), i18n.language) })],
        [t('tracks.heading'), bearing(headingDeg(track))],
        [
          t('tracks.accuracy'),
          t('tracks.accuracy_value', {
            major: distanceText(2 * axes.majorM),
            minor: distanceText(2 * axes.minorM),
          }),
        ],
        [t('tracks.seen'), t('card.age_ago', { age: age(now - track.atMs) })],
      ]}
    />
  );
}

function Kinds({ classes }: { classes: Partial<Record<ObjectClass, number>> }) {
  const { t } = useTranslation();
  return (
    <Section title={t('tracks.class')}>
      <ul className="bars">
        {CLASS_ORDER.map((kind) => {
          const n = percent(classes[kind] ?? 0);
          return (
            <li key={kind}>
              <span>{t(`class.${kind}`)}</span>
              <span className="bar" style={{ '--share': `${n}%` } as React.CSSProperties} />
              <span className="bar-n">{t('unit.percent', { n })}</span>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Seen({ detail }: { detail: TrackDetail }) {
  const { t } = useTranslation();
  const now = useNow();
  const spoken = useSpoken();
  const sensors = useLive((state) => state.sensors);
  const known = [...sensors.values()];
  return (
    <Section title={t('card.sensors')}>
      <Facts
        facts={[
          [t('tracks.first'), localMoment(Date.parse(detail.first_at), now, spoken)],
          [t('tracks.hits'), detail.hits],
        ]}
      />
      <ul className="link-list">
        {detail.sensors.map((ref) => {
          const sensor = known.find((each) => each.id === ref || each.no === ref);
          return <li key={ref}>{sensor ? <SensorLink sensor={sensor} /> : String(ref)}</li>;
        })}
      </ul>
    </Section>
  );
}

function TrackAlarms({ no }: { no: number }) {
  const { t } = useTranslation();
  const incidents = useLive((state) => state.incidents);
  const mine = useMemo(
    () =>
      [...incidents.values()].filter(
        (incident) => isOpen(incident) && incident.tracks.some((track) => track.no === no),
      ),
    [incidents, no],
  );
  if (mine.length === 0) return null;
  return (
    <Section title={t('tracks.alarms')}>
      <ul className="link-list">
        {mine.map((incident) => (
          <li key={incident.id}>
            <AriaButton
              className="link-row"
              onPress={() => select({ kind: 'incident', id: incident.id })}
            >
              <SeverityMark severity={incident.severity} lifeAtRisk={incident.life_at_risk} />
              <span className="link-main one-line">
                #{incident.no} · {whatHappened(t, incident)}
              </span>
            </AriaButton>
          </li>
        ))}
      </ul>
    </Section>
  );
}
