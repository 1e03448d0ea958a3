import type { MapMouseEvent } from 'maplibre-gl';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { addSource, FONT, geojsonSource, NOTHING, useLayers, useMap } from '../../map/context';
import { usePalette } from '../../map/palette';
import { Button } from '../../ui/Button';
import { Kbd } from '../../ui/Kbd';
import type { Landmark } from './pairing';

interface Props {
  landmarks: readonly Landmark[];
  /** Whether a point of the picture waits for its place. */
  waits: boolean;
  onPlace: (lon: number, lat: number) => void;
}

/** The landmarks on the map, and the click or key that gives the next one its place. */
export function MapPoints({ landmarks, waits, onPlace }: Props) {
  const { t } = useTranslation();
  const map = useMap();
  const palette = usePalette();

  useEffect(() => addSource(map, 'landmarks', { type: 'geojson', data: NOTHING }), [map]);
  useEffect(() => {
    geojsonSource(map, 'landmarks')?.setData({
      type: 'FeatureCollection',
      features: landmarks.map(({ no, lon, lat }) => ({
        type: 'Feature',
        properties: { no: String(no) },
        geometry: { type: 'Point', coordinates: [lon, lat] },
      })),
    });
  }, [map, landmarks]);
  useEffect(() => {
    // The second click of two would take the map elsewhere.
    map.doubleClickZoom.disable();
  }, [map]);
  useEffect(() => {
    if (!waits) return;
    const canvas = map.getCanvas();
    const click = ({ lngLat }: MapMouseEvent) => onPlace(lngLat.lng, lngLat.lat);
    const keys = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      onPlace(...map.getCenter().toArray());
    };
    canvas.classList.add('drawing');
    map.on('click', click);
    canvas.addEventListener('keydown', keys);
    return () => {
      canvas.classList.remove('drawing');
      map.off('click', click);
      canvas.removeEventListener('keydown', keys);
    };
  }, [map, waits, onPlace]);

  useLayers(
    () => [
      {
        slot: 'tool',
        layer: {
          id: 'landmarks',
          type: 'circle',
          source: 'landmarks',
          paint: {
            'circle-radius': 4,
            'circle-color': palette.accent,
            'circle-stroke-width': 2,
            'circle-stroke-color': palette.halo,
          },
        },
      },
      {
        slot: 'tool',
        layer: {
          id: 'landmark-numbers',
          type: 'symbol',
          source: 'landmarks',
          layout: {
            'text-field': ['get', 'no'],
            'text-font': FONT,
            'text-size': 16,
            'text-anchor': 'bottom-left',
            'text-offset': [0.35, -0.1],
            'text-allow-overlap': true,
          },
          paint: {
            'text-color': palette.accent,
            'text-halo-color': palette.halo,
            'text-halo-width': 2,
          },
        },
      },
    ],
    [palette],
  );

  if (!waits) return null;
  return (
    <>
      <div className="map-cross" aria-hidden="true" />
      <div className="landmark-take">
        <Button onPress={() => onPlace(...map.getCenter().toArray())}>
          {t('landmarks.take_cross')} <Kbd>⏎</Kbd>
        </Button>
      </div>
    </>
  );
}
