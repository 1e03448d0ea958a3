import { useTranslation } from 'react-i18next';
import { useSensorParts } from '../api/queries';
import type { Incident } from '../api/types';
import { useLive } from '../state/live-store';
import { Section } from './Card';
import { SensorLink } from './SensorLink';

/** The sensors that had a part in it, counted from the detections that are stored. */
export function IncidentSensors({ incident }: { incident: Incident }) {
  const { t } = useTranslation();
  const sensors = useLive((state) => state.sensors);
  const { data } = useSensorParts(incident.id, incident.rev);
  if (!data || data.sensors.length === 0) return null;
  return (
    <Section title={t('card.sensors')}>
      <ul className="link-list">
        {data.sensors.map((part) => {
          const sensor = sensors.get(part.id);
          return (
            <li key={part.id} data-part={part.detections ?? ''}>
              {sensor ? <SensorLink sensor={sensor} /> : part.name}
              <span className="muted">
                {part.detections !== null && t('card.detections', { count: part.detections })}
                {part.moved_since && ` · ${t('card.moved_since')}`}
              </span>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
