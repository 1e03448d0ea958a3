import { useTranslation } from 'react-i18next';
import { bearing, coordinates } from '../i18n/format';
import { useDistanceText } from '../i18n/spoken';
import { bearingDeg, distanceM } from '../map/geo';
import { useLive } from '../state/live-store';

interface Props {
  lon: number;
  lat: number;
  /** The sensor whose own place this is. */
  of?: string;
}

/** A place as people pass it on: coordinates, and how it lies from the nearest sensor. */
export function PlaceLine({ lon, lat, of }: Props) {
  const { t } = useTranslation();
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
