import { useTranslation } from 'react-i18next';
import type { FieldOfView } from '../api/types';
import { bearing } from '../i18n/format';
import { useAgeText, useDistanceText } from '../i18n/spoken';
import { useNow } from '../state/clock';
import { useLive } from '../state/live-store';
import { ask, goTo, showPage } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { Empty } from '../ui/States';
import { CardHead, Facts, Section } from './Card';
import { isCamera, reasonOf } from './footage/best';
import { PlaceLine } from './PlaceLine';
import { SensorStateTag } from './SensorStateTag';

export function SensorCard({ id }: { id: string }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const age = useAgeText();
  const fieldText = useFieldText();
  const sensor = useLive((state) => state.sensors.get(id));
  if (!sensor) {
    return (
      <>
        <CardHead title={t('sensors.title')} />
        <Empty icon="sensor">{t('card.gone')}</Empty>
      </>
    );
  }
  const heard = sensor.known_at ?? sensor.at;
  const code = sensor.code ?? '';
  const trouble: [string, string][] = [
    [
      t('sensors.heard'),
      heard ? t('card.age_ago', { age: age(now - Date.parse(heard)) }) : t('sensors.never'),
    ],
    [t('sensors.reason'), i18n.exists(`reason.${code}`) ? t(`reason.${code}`) : code || '–'],
  ];
  return (
    <>
      <CardHead title={sensor.name}>
        <div className="card-tags">
          <SensorStateTag state={sensor.state} />
          {sensor.simulated && <span className="tag">{t('sensors.simulated')}</span>}
        </div>
      </CardHead>
      <div className="card-body">
        <Facts
          facts={[
            [t('sensors.kind'), t(`sensor_kind.${sensor.kind}`, { defaultValue: sensor.kind })],
            // Of a working sensor only changes are told, so its last heartbeat says nothing.
            ...(sensor.state === 'ok' ? [] : trouble),
            [t('sensors.site'), sensor.site ?? '–'],
            [t('sensors.edge'), sensor.edge],
            [t('sensors.field'), sensor.field_of_view ? fieldText(sensor.field_of_view) : '–'],
            [t('sensors.height'), t('unit.m', { n: Math.round(sensor.height_m) })],
          ]}
        />
        {isCamera(sensor) && (
          <Button
            data-action="live"
            onPress={() => ask({ kind: 'live', sensor: id, why: reasonOf(null) })}
          >
            <Icon name="camera" size={16} /> {t('footage.live')}
          </Button>
        )}
        <Section title={t('card.place')}>
          <PlaceLine lon={sensor.lon} lat={sensor.lat} of={sensor.id} />
          <Button
            onPress={() => {
              goTo(sensor.lon, sensor.lat);
              showPage('map');
            }}
          >
            <Icon name="target" size={16} /> {t('action.show_on_map')}
          </Button>
        </Section>
      </div>
    </>
  );
}

function useFieldText(): (field: FieldOfView) => string {
  const { t } = useTranslation();
  const distanceText = useDistanceText();
  return (field) => {
    const range = {
      min: distanceText(field.min_range_m),
      max: distanceText(field.max_range_m),
    };
    return field.width_deg >= 360
      ? t('sensors.field_round', range)
      : t('sensors.field_wedge', {
          ...range,
          width: Math.round(field.width_deg),
          azimuth: bearing(field.azimuth_deg),
        });
  };
}
