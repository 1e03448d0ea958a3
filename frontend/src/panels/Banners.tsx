import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Sensor } from '../api/types';
import { localTime, seconds } from '../i18n/format';
import { useAgeText, useDistanceText, useSpoken } from '../i18n/spoken';
import { useNow, useTick } from '../state/clock';
import { useLive } from '../state/live-store';
import { openPanel, select, useView } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { IconButton } from '../ui/IconButton';
import { LATE_MS } from './HealthStrip';
import { alarmKey, NO_ALARMS, notKnown, stopsAll, useAlarmText } from './system-alarms';

/** A short break is repaired before anybody needs to read about it. */
const BREAK_MS = 3_000;

/** What is not as it should be, since when, what it means and what to do. */
export function Banners() {
  return (
    <div className="banners" aria-live="polite">
      <Reconnecting />
      <SystemAlarms />
      <Late />
      <SensorsDown />
    </div>
  );
}

interface BannerProps {
  children: ReactNode;
  /** The code of the system's alarm that it tells. */
  code?: string;
  look?: 'warn' | 'bad';
  onClose?: () => void;
}

function Banner({ children, code, look = 'warn', onClose }: BannerProps) {
  const { t } = useTranslation();
  return (
    <div className={`banner banner-${look}`} data-code={code}>
      <Icon name="warn" size={18} />
      <div className="banner-text">{children}</div>
      {onClose && <IconButton icon="close" label={t('action.close')} onPress={onClose} />}
    </div>
  );
}

function Reconnecting() {
  const { t, i18n } = useTranslation();
  const link = useLive((state) => state.link);
  const bye = useLive((state) => state.bye);
  const since = useLive((state) => state.linkSince);
  const offset = useLive((state) => state.clockOffsetMs) ?? 0;
  const tick = useTick();
  const age = useAgeText();
  const spoken = useSpoken();
  if (link !== 'reconnecting' || tick - since < BREAK_MS) return null;
  return (
    <Banner look="bad">
      <strong>
        {t('banner.reconnecting', {
          age: age(tick - since),
          time: localTime(since + offset, spoken),
        })}
      </strong>{' '}
      {bye && i18n.exists(`bye.${bye.code}`) && `${t(`bye.${bye.code}`)} `}
      {t('banner.reconnecting_do')}
    </Banner>
  );
}

/** More than this would hide the map. */
const MOST_ALARMS = 2;

function SystemAlarms() {
  const { t } = useTranslation();
  const alarms = useLive((state) => (state.link === 'live' && state.pulse?.alarms) || NO_ALARMS);
  const text = useAlarmText();
  const [known, setKnown] = useState<ReadonlySet<string>>(new Set());
  // The list of all of them is enough where it is open.
  const listed = useView((view) => view.panel === 'health' && view.page !== 'map');
  const told = notKnown(alarms, known).filter((alarm) => !listed || stopsAll(alarm));
  const shown = told.slice(0, MOST_ALARMS);
  return (
    <>
      {shown.map((alarm) => {
        const { what, todo } = text(alarm);
        return (
          <Banner
            key={alarmKey(alarm)}
            code={alarm.code}
            look={alarm.severity === 'critical' ? 'bad' : 'warn'}
            {...(!stopsAll(alarm) && {
              onClose: () => setKnown(new Set([...known, alarmKey(alarm)])),
            })}
          >
            <strong>{what}</strong> {todo}
          </Banner>
        );
      })}
      {told.length > shown.length && (
        <Banner onClose={() => setKnown(new Set([...known, ...told.map(alarmKey)]))}>
          {t('banner.alarms_more', { n: told.length - shown.length })}{' '}
          <Button look="quiet" onPress={() => openPanel('health')}>
            {t('banner.show')}
          </Button>
        </Banner>
      )}
    </>
  );
}

function Late() {
  const { t, i18n } = useTranslation();
  const lag = useLive((state) =>
    state.link === 'live' && state.pulse?.writer !== 'down' ? (state.pulse?.lag_ms ?? 0) : 0,
  );
  if (lag <= LATE_MS) return null;
  return <Banner>{t('banner.lag', { n: seconds(lag, i18n.language) })}</Banner>;
}

function SensorsDown() {
  const { t } = useTranslation();
  const sensors = useLive((state) => state.sensors);
  const alarms = useLive((state) => state.pulse?.alarms ?? NO_ALARMS);
  // An edge that is offline has its own banner, which speaks for its sensors.
  const gone = new Set(alarms.filter((a) => a.code === 'edge.offline').map((a) => a.params.edge));
  const down = [...sensors.values()].filter(
    (sensor) => sensor.state === 'failed' || (sensor.state === 'offline' && !gone.has(sensor.edge)),
  );
  const [first] = down;
  const which = down.map((sensor) => `${sensor.id} ${sensor.state}`).join();
  // Known is enough, until another one fails: the health strip goes on showing it.
  const [known, setKnown] = useState('');
  if (!first || which === known) return null;
  return (
    <Banner onClose={() => setKnown(which)}>
      {down.length === 1 ? (
        <OneDown sensor={first} />
      ) : (
        t('banner.sensor_many', { count: down.length })
      )}{' '}
      <Button
        look="quiet"
        onPress={() =>
          down.length === 1 ? select({ kind: 'sensor', id: first.id }) : openPanel('sensors')
        }
      >
        {t('banner.show')}
      </Button>
    </Banner>
  );
}

function OneDown({ sensor }: { sensor: Sensor }) {
  const { t } = useTranslation();
  const now = useNow();
  const age = useAgeText();
  const distanceText = useDistanceText();
  const heard = sensor.known_at ?? sensor.at;
  if (!heard) return t('banner.sensor_never', { name: sensor.name });
  const said = {
    name: sensor.name,
    state: t(`sensor_state.${sensor.state}`),
    age: age(now - Date.parse(heard)),
  };
  return sensor.field_of_view
    ? t('banner.sensor_down', { ...said, range: distanceText(sensor.field_of_view.max_range_m) })
    : t('banner.sensor_down_plain', said);
}
