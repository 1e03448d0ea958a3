import { useTranslation } from 'react-i18next';
import type { SensorState } from '../api/types';

export function SensorStateTag({ state }: { state: SensorState }) {
  const { t } = useTranslation();
  const look = state === 'ok' ? 'ok' : state === 'degraded' ? 'warn' : 'bad';
  return <span className={`tag state-${look}`}>{t(`sensor_state.${state}`)}</span>;
}
