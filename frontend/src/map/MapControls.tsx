import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useArea } from '../api/queries';
import type { Sector } from '../api/types';
import { coordinates } from '../i18n/format';
import { LAYERS, toggleLayer, usePrefs } from '../state/prefs';
import { Check } from '../ui/Check';
import { IconButton } from '../ui/IconButton';
import { Pop } from '../ui/Pop';
import { useMap } from './context';
import { distanceM } from './geo';

/** Zoom, whole sector, layers; below: place under the pointer, scale, where the map is from. */
export function MapControls({ sector }: { sector: Sector }) {
  const { t } = useTranslation();
  const map = useMap();
  const layers = usePrefs((prefs) => prefs.layers);
  const whole = () => {
    const ring = sector.geom.coordinates[0] ?? [];
    const lons = ring.map((p) => p[0] ?? 0);
    const lats = ring.map((p) => p[1] ?? 0);
    map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], {
      padding: 24,
    });
  };
  return (
    <>
      <div className="map-tools">
        <Pop trigger={<IconButton icon="layers" label={t('map.layers')} />} label={t('map.layers')}>
          <div className="stack">
            {LAYERS.map((name) => (
              <Check key={name} isSelected={layers[name]} onChange={() => toggleLayer(name)}>
                {t(`layer.${name}`)}
              </Check>
            ))}
          </div>
        </Pop>
        <div className="map-zoom">
          <IconButton icon="plus" label={t('map.zoom_in')} onPress={() => map.zoomIn()} />
          <IconButton icon="minus" label={t('map.zoom_out')} onPress={() => map.zoomOut()} />
        </div>
        <IconButton icon="whole" label={t('map.whole')} onPress={whole} />
      </div>
      <MapFoot />
    </>
  );
}

function MapFoot() {
  const { t } = useTranslation();
  const map = useMap();
  const pointer = useRef<HTMLSpanElement>(null);
  const { data: area } = useArea();
  useEffect(() => {
    const show = (event: { lngLat: { lng: number; lat: number } }) => {
      if (pointer.current) {
        pointer.current.textContent = coordinates(event.lngLat.lng, event.lngLat.lat);
      }
    };
    map.on('mousemove', show);
    return () => {
      map.off('mousemove', show);
    };
  }, [map]);
  return (
    <div className="map-foot">
      <Scale />
      <span className="map-pointer" ref={pointer} />
      {area?.synthetic && <span className="map-credit">{t('map.demo')}</span>}
    </div>
  );
}

const NICE = [1, 2, 5];

/** The largest round length that fits in 110 px, and how wide it is. */
function scaleOf(metresPerPx: number): { m: number; px: number } {
  const most = metresPerPx * 110;
  const power = 10 ** Math.floor(Math.log10(most));
  const m = Math.max(...NICE.map((n) => n * power).filter((n) => n <= most));
  return { m, px: m / metresPerPx };
}

function Scale() {
  const map = useMap();
  const { t } = useTranslation();
  const [scale, setScale] = useState({ m: 0, px: 0 });
  useEffect(() => {
    const measure = () => {
      const y = map.getContainer().clientHeight / 2;
      const a = map.unproject([0, y]).toArray();
      const b = map.unproject([100, y]).toArray();
      setScale(scaleOf(Math.max(distanceM(a, b) / 100, 1e-6)));
    };
    measure();
    map.on('zoomend', measure);
    map.on('resize', measure);
    return () => {
      map.off('zoomend', measure);
      map.off('resize', measure);
    };
  }, [map]);
  return (
    <span className="map-scale" style={{ width: scale.px }}>
      {scale.m < 1000 ? t('unit.m', { n: scale.m }) : t('unit.km', { n: scale.m / 1000 })}
    </span>
  );
}
