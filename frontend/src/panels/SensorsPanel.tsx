import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Sensor } from '../api/types';
import { useAgeText } from '../i18n/spoken';
import { useNow } from '../state/clock';
import { useLive } from '../state/live-store';
import { goTo, select, useView } from '../state/view';
import { Icon } from '../ui/Icon';
import { Rows } from '../ui/Rows';
import { Empty, Skeleton } from '../ui/States';
import { PanelHead } from './PanelHead';
import { SensorStateTag } from './SensorStateTag';

const RANK = { failed: 0, offline: 1, goodbye: 2, degraded: 3, ok: 4 } as const;

/** Sensors, those that need somebody first. */
export function SensorsPanel() {
  const { t, i18n } = useTranslation();
  const sensors = useLive((state) => state.sensors);
  const started = useLive((state) => state.rev > 0);
  const selectedId = useView((view) =>
    view.selection?.kind === 'sensor' ? view.selection.id : null,
  );
  const rows = useMemo(
    () =>
      [...sensors.values()].sort(
        (a, b) => RANK[a.state] - RANK[b.state] || a.name.localeCompare(b.name, i18n.language),
      ),
    [sensors, i18n.language],
  );
  return (
    <>
      <PanelHead title={t('sensors.title')} />
      {!started && <Skeleton />}
      {started && rows.length === 0 && <Empty icon="sensor">{t('sensors.empty')}</Empty>}
      {rows.length > 0 && (
        <>
          <p className="panel-note">
            {t('sensors.summary', {
              ok: rows.filter((sensor) => sensor.state === 'ok').length,
              total: rows.length,
            })}
          </p>
          <Rows
            label={t('sensors.title')}
            items={rows}
            rowHeight={56}
            selectedId={selectedId}
            onSelect={(sensor) => {
              select({ kind: 'sensor', id: sensor.id });
              goTo(sensor.lon, sensor.lat, false);
            }}
            textOf={(sensor) => `${sensor.name}, ${t(`sensor_state.${sensor.state}`)}`}
            dependencies={[i18n.language]}
          >
            {(sensor) => <SensorRow sensor={sensor} />}
          </Rows>
        </>
      )}
    </>
  );
}

function SensorRow({ sensor }: { sensor: Sensor }) {
  const { t } = useTranslation();
  const now = useNow();
  const age = useAgeText();
  const heard = sensor.known_at ?? sensor.at;
  return (
    <div className="plain-row">
      <Icon name="sensor" size={16} />
      <div className="link-main">
        <strong className="one-line">{sensor.name}</strong>
        <span className="muted one-line">
          {t(`sensor_kind.${sensor.kind}`, { defaultValue: sensor.kind })}
          {sensor.state !== 'ok' &&
            ` · ${heard ? t('card.age_ago', { age: age(now - Date.parse(heard)) }) : t('sensors.never')}`}
        </span>
      </div>
      <SensorStateTag state={sensor.state} />
    </div>
  );
}
