import { Button as AriaButton } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { Sensor } from '../api/types';
import { select } from '../state/view';
import { Icon } from '../ui/Icon';
import { SensorStateTag } from './SensorStateTag';

export function SensorLink({ sensor }: { sensor: Sensor }) {
  const { t } = useTranslation();
  return (
    <AriaButton className="link-row" onPress={() => select({ kind: 'sensor', id: sensor.id })}>
      <Icon name="sensor" size={16} />
      <span className="link-main">
        <strong className="one-line">{sensor.name}</strong>
        <span className="muted">
          {t(`sensor_kind.${sensor.kind}`, { defaultValue: sensor.kind })}
        </span>
      </span>
      <SensorStateTag state={sensor.state} />
    </AriaButton>
  );
}
