import { useTranslation } from 'react-i18next';
import { bearing, kmh } from '../i18n/format';
import { useAgeText } from '../i18n/spoken';
import { useNow } from '../state/clock';
import { headingDeg, STALE_MS, speedMps, type Track } from '../state/track';

const STILL_MPS = 0.3;

/** A track in a line: kind, speed and heading, and its age once it is stale. */
export function TrackLine({ track }: { track: Track }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const age = useAgeText();
  const silent = now - track.atMs;
  const speed = speedMps(track);
  return (
    <span className="muted one-line">
      {t(`class.${track.objectClass}`)} {t('unit.percent', { n: track.classPercent })} ·{' '}
      {speed < STILL_MPS
        ? t('tracks.still')
        : `${t('unit.kmh', { n: kmh(speed, i18n.language) })} ${bearing(headingDeg(track))}`}
      {silent > STALE_MS && ` · ${t('card.age_ago', { age: age(silent) })}`}
    </span>
  );
}
