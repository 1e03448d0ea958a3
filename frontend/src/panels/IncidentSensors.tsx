import { useTranslation } from 'react-i18next';
import type { Evidence } from '../api/types';
import { useLive } from '../state/live-store';
import { Section } from './Card';
import { SensorLink } from './SensorLink';

/** The numbers of the sensors behind an alarm's findings, the first seen first. */
export function sensorsBehind(evidence: readonly Evidence[]): number[] {
  const numbers = evidence.flatMap(({ evidence: { sensors } }) =>
    Array.isArray(sensors) ? sensors.filter((no) => typeof no === 'number') : [],
  );
  return [...new Set(numbers)];
}

/** The sensors whose detections raised the alarm. */
export function IncidentSensors({ evidence }: { evidence: readonly Evidence[] }) {
  const { t } = useTranslation();
  const sensors = useLive((state) => state.sensors);
  const numbers = sensorsBehind(evidence);
  const known = [...sensors.values()].filter((sensor) => numbers.includes(sensor.no));
  if (known.length === 0) return null;
  return (
    <Section title={t('card.sensors')}>
      <ul className="link-list">
        {known.map((sensor) => (
          <li key={sensor.id}>
            <SensorLink sensor={sensor} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
