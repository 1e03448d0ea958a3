import { useTranslation } from 'react-i18next';
import { useTrackDetail } from '../api/queries';
import type { Incident } from '../api/types';
import { useLive } from '../state/live-store';
import { Section } from './Card';
import { SensorLink } from './SensorLink';

/** The sensors that saw the alarm's first track. */
export function IncidentSensors({ incident }: { incident: Incident }) {
  const { t } = useTranslation();
  const { data } = useTrackDetail(incident.tracks[0]?.no ?? null);
  const sensors = useLive((state) => state.sensors);
  if (!data || data.sensors.length === 0) return null;
  const known = [...sensors.values()];
  return (
    <Section title={t('card.sensors')}>
      <ul className="link-list">
        {data.sensors.map((ref) => {
          const sensor = known.find((each) => each.id === ref || each.no === ref);
          return <li key={ref}>{sensor ? <SensorLink sensor={sensor} /> : String(ref)}</li>;
        })}
      </ul>
    </Section>
  );
}
