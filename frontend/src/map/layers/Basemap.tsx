import { useQuery } from '@tanstack/react-query';
import type { FeatureCollection } from 'geojson';
import { useEffect } from 'react';
import { get } from '../../api/http';
import { useArea } from '../../api/queries';
import type { Area, AreaLayer } from '../../api/types';
import { usePrefs } from '../../state/prefs';
import { addSource, FONT, type SlottedLayer, useLayers, useMap } from '../context';
import { type Palette, usePalette } from '../palette';

/** Land, woods, water, roads, hillshade and borders: what the built-in area says it has. */
export function Basemap() {
  const { data: area } = useArea();
  const hillshade = usePrefs((prefs) => prefs.layers.hillshade);
  if (!area) return null;
  return (
    <>
      {Object.entries(STYLES).map(([name, styled]) => {
        const file = area.layers?.[name as AreaLayer]?.file;
        return file ? <VectorPart key={name} name={name} file={file} styled={styled} /> : null;
      })}
      {hillshade && area.hillshade && (
        <Hillshade file={area.hillshade.file} corners={area.hillshade.coordinates} />
      )}
    </>
  );
}

type Corners = NonNullable<Area['hillshade']>['coordinates'];
type Styled = (source: string, palette: Palette) => SlottedLayer[];

interface PartProps {
  name: string;
  file: string;
  styled: Styled;
}

function VectorPart({ name, file, styled }: PartProps) {
  const { data } = useQuery({
    queryKey: ['basemap', file],
    queryFn: () => get<FeatureCollection>(`/basemap/${file}`),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data && data.features.length > 0 ? (
    <VectorLayer name={name} data={data} styled={styled} />
  ) : null;
}

function VectorLayer(props: { name: string; data: FeatureCollection; styled: Styled }) {
  const { name, data, styled } = props;
  const map = useMap();
  const palette = usePalette();
  const source = `basemap-${name}`;
  useEffect(
    () => addSource(map, source, { type: 'geojson', data, tolerance: 0.3 }),
    [map, source, data],
  );
  useLayers(() => styled(source, palette), [styled, source, data, palette]);
  return null;
}

function Hillshade({ file, corners }: { file: string; corners: Corners }) {
  const map = useMap();
  useEffect(
    () =>
      addSource(map, 'hillshade', {
        type: 'image',
        url: `/basemap/${file}`,
        coordinates: corners,
      }),
    [map, file, corners],
  );
  useLayers(
    () => [
      {
        slot: 'shade',
        layer: {
          id: 'hillshade',
          type: 'raster',
          source: 'hillshade',
          paint: { 'raster-opacity': 0.28, 'raster-saturation': -1, 'raster-fade-duration': 0 },
        },
      },
    ],
    [file, corners],
  );
  return null;
}

const ROUND = { 'line-cap': 'round', 'line-join': 'round' } as const;
const label = (palette: Palette) => ({
  'text-color': palette.label,
  'text-halo-color': palette.halo,
  'text-halo-width': 1.6,
});

/** How each layer of the area looks, bottom to top. */
const STYLES: Record<AreaLayer, Styled> = {
  land: (source, palette) => [
    {
      slot: 'land',
      layer: {
        id: 'land',
        type: 'fill',
        source,
        paint: { 'fill-color': palette.land, 'fill-antialias': false },
      },
    },
  ],
  forest: (source, palette) => [
    {
      slot: 'forest',
      layer: { id: 'forest', type: 'fill', source, paint: { 'fill-color': palette.forest } },
    },
  ],
  river: (source, palette) => [
    {
      slot: 'river',
      layer: {
        id: 'river',
        type: 'line',
        source,
        layout: ROUND,
        paint: {
          'line-color': palette.river,
          'line-width': ['interpolate', ['exponential', 1.5], ['zoom'], 8, 1.2, 15, 8],
        },
      },
    },
  ],
  roads: (source, palette) => [
    {
      slot: 'roads',
      layer: {
        id: 'roads',
        type: 'line',
        source,
        layout: ROUND,
        paint: {
          'line-color': palette.road,
          'line-width': ['interpolate', ['exponential', 1.5], ['zoom'], 8, 0.8, 15, 4],
        },
      },
    },
    {
      slot: 'labels',
      layer: {
        id: 'road-names',
        type: 'symbol',
        source,
        minzoom: 12,
        filter: ['has', 'name'],
        layout: {
          'symbol-placement': 'line',
          'text-field': ['get', 'name'],
          'text-font': FONT,
          'text-size': 12,
        },
        paint: label(palette),
      },
    },
  ],
  borders: (source, palette) => [
    {
      slot: 'border',
      layer: {
        id: 'border-case',
        type: 'line',
        source,
        layout: ROUND,
        paint: { 'line-color': palette.borderCase, 'line-width': 6.5, 'line-opacity': 0.7 },
      },
    },
    {
      slot: 'border',
      layer: {
        id: 'border',
        type: 'line',
        source,
        layout: { 'line-join': 'round' },
        paint: {
          'line-color': palette.border,
          // The stretch that this sector watches is the strongest of all lines.
          'line-width': ['case', ['boolean', ['get', 'sector'], false], 2.8, 1.4],
        },
      },
    },
  ],
  labels: (source, palette) => [
    {
      slot: 'labels',
      layer: {
        id: 'country-names',
        type: 'symbol',
        source,
        maxzoom: 12,
        layout: {
          'text-field': ['upcase', ['get', 'name']],
          'text-font': FONT,
          'text-size': 13,
          'text-letter-spacing': 0.18,
        },
        paint: { ...label(palette), 'text-opacity': 0.75 },
      },
    },
  ],
};
