import { useTranslation } from 'react-i18next';
import { useEdgeLedger, useEdges } from '../api/queries';
import type { Edge, Gap, Hour } from '../api/types';
import { count, localMinute, localMoment, signedSeconds } from '../i18n/format';
import { useAgeText, useSpoken } from '../i18n/spoken';
import { useNow } from '../state/clock';
import { useLive } from '../state/live-store';
import { Empty, Problem, Skeleton } from '../ui/States';
import { CardHead, Facts, Section } from './Card';
import { EdgeStateTag } from './EdgeStateTag';
import { SensorLink } from './SensorLink';
import { alarmKey, NO_ALARMS, useAlarmText } from './system-alarms';

/** An edge computer: how it is connected, its books, and every gap in them. */
export function EdgeCard({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data: edges, error } = useEdges();
  const edge = edges?.find((each) => each.id === id);
  return (
    <>
      <CardHead title={id}>
        <div className="card-tags">{edge && <EdgeStateTag state={edge.state} />}</div>
      </CardHead>
      <div className="card-body">
        {error && <Problem error={error} />}
        {!edges && !error && <Skeleton rows={4} />}
        {edges && !edge && <Empty icon="health">{t('card.gone')}</Empty>}
        {edge && <Books edge={edge} />}
        <Alarms id={id} />
        {edge && <Ledger id={id} />}
        <Sensors id={id} />
      </div>
    </>
  );
}

function Books({ edge }: { edge: Edge }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const age = useAgeText();
  const n = (value: number) => count(value, i18n.language);
  return (
    <Facts
      facts={[
        [
          t('sensors.heard'),
          edge.seen_at
            ? t('card.age_ago', { age: age(now - Date.parse(edge.seen_at)) })
            : t('sensors.never'),
        ],
        [
          t('system.clock'),
          edge.skew_ms === null
            ? '–'
            : t('system.clock_off', { n: signedSeconds(edge.skew_ms, i18n.language) }),
        ],
        [t('system.expected'), n(edge.expected)],
        [t('system.settled'), n(edge.settled)],
        [t('system.on_the_way'), n(edge.on_the_way)],
        [t('system.missing'), n(edge.missing)],
        [t('system.lost'), n(edge.lost)],
        [t('system.quarantined'), n(edge.quarantined)],
      ]}
    />
  );
}

function Alarms({ id }: { id: string }) {
  const { t } = useTranslation();
  const alarms = useLive((state) => state.pulse?.alarms ?? NO_ALARMS);
  const text = useAlarmText();
  const mine = alarms.filter((alarm) => alarm.params.edge === id);
  if (mine.length === 0) return null;
  return (
    <Section title={t('system.alarms')}>
      <ul className="stack">
        {mine.map((alarm) => (
          <li key={alarmKey(alarm)}>
            <strong>{text(alarm).what}</strong> {text(alarm).todo}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Ledger({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useEdgeLedger(id);
  return (
    <>
      <Section title={t('system.day')}>{data && <Day hours={data.hours} />}</Section>
      <Section title={t('system.gaps')}>
        {error && <Problem error={error} onRetry={refetch} />}
        {!data && !error && <Skeleton rows={2} />}
        {data?.gaps.length === 0 && <p className="muted">{t('system.no_gaps')}</p>}
        {data && data.gaps.length > 0 && (
          <ul className="gaps">
            {data.gaps.map((gap) => (
              <GapItem key={`${gap.kind} ${gap.boot} ${gap.from_seq} ${gap.code}`} gap={gap} />
            ))}
          </ul>
        )}
      </Section>
    </>
  );
}

function Day({ hours }: { hours: Hour[] }) {
  const { t, i18n } = useTranslation();
  const spoken = useSpoken();
  const n = (value: number) => count(value, i18n.language);
  const short = hours.filter((hour) => hour.missing > 0 || hour.lost > 0);
  if (hours.length === 0) return <p className="muted">{t('system.day_nothing')}</p>;
  if (short.length === 0) return <p className="muted">{t('system.day_complete')}</p>;
  return (
    <ul className="gaps">
      {short.map((hour) => (
        <li key={hour.hour}>
          <time dateTime={hour.hour}>{localMinute(Date.parse(hour.hour), spoken)}</time>
          <span>
            {t('system.hour', {
              expected: n(hour.expected),
              missing: n(hour.missing),
              lost: n(hour.lost),
            })}
          </span>
        </li>
      ))}
    </ul>
  );
}

function GapItem({ gap }: { gap: Gap }) {
  const { t, i18n } = useTranslation();
  const spoken = useSpoken();
  const now = useNow();
  const moment = (at: string) => localMoment(Date.parse(at), now, spoken);
  const n = (value: number) => count(value, i18n.language);
  return (
    <li data-gap={gap.kind}>
      <span className={`tag state-${gap.kind === 'missing' ? 'warn' : 'bad'}`}>
        {t(`gap.${gap.kind}`)}
      </span>
      <span>
        {gap.from_at
          ? t('system.between', { from: moment(gap.from_at), to: moment(gap.to_at) })
          : t('system.before', { to: moment(gap.to_at) })}
        <span className="muted">
          {' · '}
          {gap.from_seq === gap.to_seq
            ? t('system.seq', { n: n(gap.to_seq) })
            : t('system.seqs', {
                from: n(gap.from_seq),
                to: n(gap.to_seq),
                n: n(gap.to_seq - gap.from_seq + 1),
              })}
          {gap.code && ` · ${t(`reason.${gap.code}`, { defaultValue: gap.code })}`}
        </span>
      </span>
    </li>
  );
}

function Sensors({ id }: { id: string }) {
  const { t } = useTranslation();
  const sensors = useLive((state) => state.sensors);
  const mine = [...sensors.values()].filter((sensor) => sensor.edge === id);
  if (mine.length === 0) return null;
  return (
    <Section title={t('card.sensors')}>
      <ul className="link-list">
        {mine.map((sensor) => (
          <li key={sensor.id}>
            <SensorLink sensor={sensor} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
