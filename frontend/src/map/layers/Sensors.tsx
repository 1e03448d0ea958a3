import type { Feature, FeatureCollection } from 'geojson';
import { useEffect } from 'react';
import type { Sensor, SensorState } from '../../api/types';
import { useLive } from '../../state/live-store';
import { usePrefs } from '../../state/prefs';
import { addSource, FONT, geojsonSource, NOTHING, useLayers, useMap } from '../context';
import { wedgeRings } from '../geo';
import { usePalette } from '../palette';

type Look = 'ok' | 'degraded' | 'down';

export const sensorLook = (state: SensorState): Look =>
  state === 'ok' ? 'ok' : state === 'degraded' ? 'degraded' : 'down';

const kindOf = (kind: string): string =>
  kind === 'radar' ? 'radar' : kind === 'camera' || kind === 'thermal' ? 'camera' : 'other';

function places(sensors: Iterable<Sensor>): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: [...sensors].map((sensor) => ({
      type: 'Feature',
      properties: {
        id: sensor.id,
        name: sensor.name,
        icon: `sensor-${kindOf(sensor.kind)}-${sensorLook(sensor.state)}`,
      },
      geometry: { type: 'Point', coordinates: [sensor.lon, sensor.lat] },
    })),
  };
}

function fields(sensors: Iterable<Sensor>): FeatureCollection {
  const features: Feature[] = [];
  for (const sensor of sensors) {
    if (!sensor.field_of_view) continue;
    features.push({
      type: 'Feature',
      properties: { id: sensor.id, look: sensorLook(sensor.state) },
      geometry: {
        type: 'Polygon',
        coordinates: wedgeRings(sensor.lon, sensor.lat, sensor.field_of_view),
      },
    });
  }
  return { type: 'FeatureCollection', features };
}

/** Sensors and what they can see, translucent by health: what is not watched has no light. */
export function Sensors() {
  const map = useMap();
  const palette = usePalette();
  const sensors = useLive((state) => state.sensors);
  const showFields = usePrefs((prefs) => prefs.layers.fields);

  useEffect(() => {
    const drop = [
      addSource(map, 'sensors', { type: 'geojson', data: NOTHING }),
      addSource(map, 'fields', { type: 'geojson', data: NOTHING }),
    ];
    return () => {
      for (const each of drop) each();
    };
  }, [map]);
  useEffect(() => {
    geojsonSource(map, 'sensors')?.setData(places(sensors.values()));
    geojsonSource(map, 'fields')?.setData(showFields ? fields(sensors.values()) : NOTHING);
  }, [map, sensors, showFields]);
  useLayers(() => {
    const colour = [
      'match',
      ['get', 'look'],
      'ok',
      palette.sensor,
      'degraded',
      palette.warn,
      palette.bad,
    ] as unknown as string;
    return [
      {
        slot: 'fields',
        layer: {
          id: 'fields',
          type: 'fill',
          source: 'fields',
          filter: ['!=', ['get', 'look'], 'down'],
          paint: { 'fill-color': colour, 'fill-opacity': 0.07 },
        },
      },
      {
        slot: 'fields',
        layer: {
          id: 'fields-edge',
          type: 'line',
          source: 'fields',
          filter: ['!=', ['get', 'look'], 'down'],
          paint: { 'line-color': colour, 'line-opacity': 0.3, 'line-width': 1 },
        },
      },
      {
        slot: 'fields',
        layer: {
          id: 'fields-lost',
          type: 'line',
          source: 'fields',
          filter: ['==', ['get', 'look'], 'down'],
          paint: {
            'line-color': colour,
            'line-opacity': 0.75,
            'line-width': 1.4,
            'line-dasharray': [3, 3],
          },
        },
      },
      {
        slot: 'sensors',
        layer: {
          id: 'sensors',
          type: 'symbol',
          source: 'sensors',
          layout: {
            'icon-image': ['get', 'icon'],
            'icon-allow-overlap': true,
            'text-field': ['get', 'name'],
            'text-font': FONT,
            'text-size': 12,
            'text-anchor': 'top',
            'text-offset': [0, 1],
            'text-optional': true,
            'text-max-width': 12,
          },
          paint: {
            'text-color': palette.label,
            'text-halo-color': palette.halo,
            'text-halo-width': 1.6,
          },
        },
      },
    ];
  }, [palette]);
  return null;
}
