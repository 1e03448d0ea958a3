import type { Feature, FeatureCollection } from 'geojson';
import type { FilterSpecification, LineLayerSpecification } from 'maplibre-gl';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useGeofences } from '../../api/queries';
import type { Geofence } from '../../api/types';
import { useSpoken } from '../../i18n/spoken';
import { outOfForceText } from '../../panels/fence-words';
import { hubNow } from '../../state/clock';
import { useLive } from '../../state/live-store';
import { usePrefs } from '../../state/prefs';
import { useView } from '../../state/view';
import { addSource, FONT, geojsonSource, NOTHING, useLayers, useMap } from '../context';
import { arrowFeatures } from '../fence-arrows';
import { usePalette } from '../palette';

type Label = (fence: Geofence) => string;

function shapes(fences: readonly Geofence[], label: Label): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: fences.map((fence) => ({
      type: 'Feature',
      properties: {
        id: fence.id,
        name: label(fence),
        kind: fence.kind,
        off: !fence.in_force,
        alarm: fence.purpose === 'alarm',
      },
      geometry: fence.geom,
    })),
  };
}

function arrows(fences: readonly Geofence[]): FeatureCollection {
  const features: Feature[] = fences.flatMap((fence) =>
    fence.geom.type === 'LineString' && fence.in_force
      ? arrowFeatures(fence.geom, fence.directions ?? [])
      : [],
  );
  return { type: 'FeatureCollection', features };
}

/** Zones and tripwires: thin outlines until pointed at; tripwires show which way they count. What
 * is out of force is dashed and says until when; what raises no alarms by its purpose is dotted. */
export function Geofences() {
  const map = useMap();
  const { t } = useTranslation();
  const palette = usePalette();
  const spoken = useSpoken();
  const { data: fences } = useGeofences();
  const shown = usePrefs((prefs) => prefs.layers.geofences);
  const selection = useView((view) => view.selection);
  // An alarm lights up the zone or tripwire that raised it.
  const selected = useLive((live) =>
    selection?.kind === 'incident'
      ? (live.incidents.get(selection.id)?.geofence?.id ?? '')
      : selection?.kind === 'geofence'
        ? selection.id
        : '',
  );

  useEffect(() => {
    const drop = [
      addSource(map, 'geofences', { type: 'geojson', data: NOTHING, promoteId: 'id' }),
      addSource(map, 'fence-arrows', { type: 'geojson', data: NOTHING }),
    ];
    return () => {
      for (const each of drop) each();
    };
  }, [map]);
  useEffect(() => {
    const drawn = shown ? (fences ?? []) : [];
    const label: Label = (fence) => {
      const off = outOfForceText(t, fence, hubNow(), spoken);
      return off ? `${fence.name}\n${off}` : fence.name;
    };
    geojsonSource(map, 'geofences')?.setData(shapes(drawn, label));
    geojsonSource(map, 'fence-arrows')?.setData(arrows(drawn));
  }, [map, fences, shown, t, spoken]);
  useLayers(() => {
    const active = [
      'any',
      ['boolean', ['feature-state', 'hover'], false],
      ['==', ['get', 'id'], selected],
    ];
    const when = <T,>(on: T, off: T) => ['case', active, on, off] as unknown as T;
    const outline = (id: string, filter: FilterSpecification, dashes: number[] | null) => ({
      slot: 'geofences' as const,
      layer: {
        id,
        type: 'line' as const,
        source: 'geofences',
        filter,
        layout: { 'line-join': 'round' as const, 'line-cap': dashes ? 'butt' : 'round' },
        paint: {
          'line-color': ['case', ['==', ['get', 'id'], selected], palette.accent, palette.fence],
          'line-width': when(2.6, 1.4),
          ...(dashes ? { 'line-dasharray': dashes } : {}),
        },
      } as LineLayerSpecification,
    });
    return [
      {
        slot: 'geofences',
        layer: {
          id: 'zones-fill',
          type: 'fill',
          source: 'geofences',
          filter: ['==', ['get', 'kind'], 'area'],
          paint: {
            'fill-color': palette.fence,
            'fill-opacity': ['case', ['get', 'off'], 0, when(0.16, 0.04)],
          },
        },
      },
      outline('geofences-line', ['all', ['!', ['get', 'off']], ['get', 'alarm']], null),
      outline('geofences-off', ['get', 'off'], [4, 3]),
      outline('geofences-quiet', ['all', ['!', ['get', 'off']], ['!', ['get', 'alarm']]], [1, 2]),
      {
        slot: 'geofences',
        layer: {
          id: 'fence-arrows',
          type: 'symbol',
          source: 'fence-arrows',
          minzoom: 9,
          layout: {
            'icon-image': 'fence-arrow',
            'icon-rotate': ['get', 'bearing'],
            'icon-rotation-alignment': 'map',
            'icon-allow-overlap': true,
          },
        },
      },
      {
        slot: 'labels',
        layer: {
          id: 'fence-names',
          type: 'symbol',
          source: 'geofences',
          minzoom: 10,
          layout: {
            'text-field': ['get', 'name'],
            'text-font': FONT,
            'text-size': 12,
            'text-max-width': 10,
          },
          paint: {
            'text-color': palette.label,
            'text-halo-color': palette.halo,
            'text-halo-width': 1.6,
          },
        },
      },
    ];
  }, [palette, selected]);
  return null;
}
