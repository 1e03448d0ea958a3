import { useTranslation } from 'react-i18next';
import type { Place } from '../api/types';
import { bearing, coordinates } from '../i18n/format';
import { useDistanceText } from '../i18n/spoken';
import { bearingDeg, distanceM } from '../map/geo';
import { useLive } from '../state/live-store';
import { alongText, mgrsText } from './along';

interface Props {
  lon: number;
  lat: number;
  /** The sensor whose own place this is. */
  of?: string;
  /** By the map grid and along the border, where the hub tells it. */
  place?: Place;
}

/** A place as people pass it on: coordinates, grid, border, and from the nearest sensor. */
export function PlaceLine({ lon, lat, of, place }: Props) {
  const { t, i18n } = useTranslation();
  const distanceText = useDistanceText();
  const sensors = useLive((state) => state.sensors);
  let nearest: { name: string; m: number; deg: number } | null = null;
  for (const sensor of sensors.values()) {
    if (sensor.id === of) continue;
    const m = distanceM([sensor.lon, sensor.lat], [lon, lat]);
    if (!nearest || m < nearest.m) {
      nearest = { name: sensor.name, m, deg: bearingDeg([sensor.lon, sensor.lat], [lon, lat]) };
    }
  }
  return (
    <p className="place">
      <strong className="coordinates">{coordinates(lon, lat)}</strong>
      {place && <span className="coordinates">{mgrsText(place.mgrs)}</span>}
      {place && place.chainage_m !== null && <span>{alongText(t, place, i18n.language)}</span>}
      {nearest && (
        <span className="muted">
          {t('card.from_sensor', {
            distance: distanceText(nearest.m),
            bearing: bearing(nearest.deg),
            name: nearest.name,
          })}
        </span>
      )}
    </p>
  );
}
