import { useTranslation } from 'react-i18next';
import { useGeofences } from '../api/queries';
import type { Evidence, Incident } from '../api/types';
import { useSpoken } from '../i18n/spoken';
import { whyItFired } from './why';

/** The newest finding in sentences; earlier ones as a count. */
export function WhyItFired({ incident, evidence }: { incident: Incident; evidence: Evidence[] }) {
  const { t } = useTranslation();
  const spoken = useSpoken();
  const { data: fences } = useGeofences();
  const named = (id: string | undefined) => fences?.find((fence) => fence.id === id);
  const newest = [...evidence].sort((a, b) => b.at.localeCompare(a.at))[0];
  if (!newest) return <p className="muted">{t('why.none')}</p>;
  const no = incident.tracks.find((track) => track.id === newest.track)?.no;
  const sentences = whyItFired(
    t,
    newest,
    no == null ? '–' : String(no),
    named(incident.geofence?.id),
    spoken,
    (id) => named(id)?.name,
  );
  return (
    <div className="why">
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {evidence.length > 1 && (
        <p className="muted">{t('why.more', { count: evidence.length - 1 })}</p>
      )}
      {incident.rule && (
        <p className="muted">
          {t('card.rule')}: {incident.rule.name}, {t('card.version', { n: incident.rule.version })}
        </p>
      )}
    </div>
  );
}
