import { useTranslation } from 'react-i18next';
import { rate, seconds } from '../i18n/format';
import { useAgeText } from '../i18n/spoken';
import { useTick } from '../state/clock';
import { useLive } from '../state/live-store';
import { openPanel } from '../state/view';
import { Button } from '../ui/Button';

/** Median lag above which alarms are late enough to say so. */
export const LATE_MS = 2_000;

/** How the sector fares, in one line: link, sensors, rate, lag. */
export function HealthStrip() {
  const { t, i18n } = useTranslation();
  const pulse = useLive((state) => state.pulse);
  const link = useLive((state) => state.link);
  return (
    <section className="health" aria-label={t('health.label')}>
      <LinkState />
      {pulse && (
        <>
          <Button look="quiet" onPress={() => openPanel('sensors')}>
            <span className={pulse.sensors_ok < pulse.sensors_total ? 'health-warn' : undefined}>
              {t('health.sensors', { ok: pulse.sensors_ok, total: pulse.sensors_total })}
            </span>
          </Button>
          {link === 'live' && pulse.writer !== 'down' && (
            <>
              <span className="health-figure health-rate">
                {t('health.rate', { n: rate(pulse.detections_per_s, i18n.language) })}
              </span>
              <span className={`health-figure ${pulse.lag_ms > LATE_MS ? 'health-warn' : ''}`}>
                {t('health.lag', { n: seconds(pulse.lag_ms, i18n.language) })}
              </span>
            </>
          )}
        </>
      )}
    </section>
  );
}

function LinkState() {
  const { t } = useTranslation();
  const link = useLive((state) => state.link);
  const since = useLive((state) => state.linkSince);
  const down = useLive((state) => state.pulse?.writer === 'down');
  const tick = useTick();
  const age = useAgeText();
  const look = link === 'live' && down ? 'down' : link;
  return (
    <span className={`link link-${look}`} role="status">
      <span className="link-dot" aria-hidden="true" />
      {look === 'down'
        ? t('health.writer_down')
        : t(`health.${look}`, { age: age(Math.max(0, tick - since)) })}
    </span>
  );
}
