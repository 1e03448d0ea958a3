import { useQuery } from '@tanstack/react-query';
import type { SourceSpecification } from 'maplibre-gl';
import { useEffect } from 'react';
import { useMaps } from '../../api/queries';
import type { ImportedMap } from '../../api/types';
import { addSource, FONT, type SlottedLayer, useLayers, useMap } from '../context';
import { pmtilesArchive } from '../MapView';
import { type Palette, usePalette } from '../palette';

/** PMTiles' own number for vector tiles (MVT); all others are pictures. */
const MVT = 1;

/** Maps that an operator brought along, above the built-in one. */
export function ImportedMaps() {
  const { data: maps } = useMaps();
  return maps?.map((each) => <ImportedLayer key={each.id} imported={each} />);
}

interface Opened {
  vector: boolean;
  layers: string[];
  minzoom: number;
  maxzoom: number;
}

async function open(imported: ImportedMap): Promise<Opened> {
  const archive = pmtilesArchive(imported.url);
  const header = await archive.getHeader();
  const metadata = (await archive.getMetadata()) as { vector_layers?: { id: string }[] } | null;
  return {
    vector: header.tileType === MVT,
    layers: (metadata?.vector_layers ?? []).map((layer) => layer.id),
    minzoom: header.minZoom,
    maxzoom: header.maxZoom,
  };
}

function ImportedLayer({ imported }: { imported: ImportedMap }) {
  const { data: opened } = useQuery({
    queryKey: ['map', imported.id, imported.url],
    queryFn: () => open(imported),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return opened ? <OpenedLayer imported={imported} opened={opened} /> : null;
}

function sourceOf(imported: ImportedMap, opened: Opened): SourceSpecification {
  const { vector, minzoom, maxzoom } = opened;
  const url = `pmtiles://${new URL(imported.url, location.href).href}`;
  return { type: vector ? 'vector' : 'raster', url, minzoom, maxzoom };
}

function OpenedLayer({ imported, opened }: { imported: ImportedMap; opened: Opened }) {
  const map = useMap();
  const palette = usePalette();
  const id = `imported-${imported.id}`;
  useEffect(() => addSource(map, id, sourceOf(imported, opened)), [map, id, imported, opened]);
  useLayers(() => {
    if (opened.vector) return opened.layers.flatMap((name) => styled(id, name, palette));
    return [
      {
        slot: 'imported',
        layer: {
          id,
          type: 'raster',
          source: id,
          paint: {
            'raster-saturation': -0.6,
            'raster-opacity': palette.theme === 'light' ? 0.9 : 0.5,
            'raster-fade-duration': 0,
          },
        },
      },
    ];
  }, [id, imported, opened, palette]);
  return null;
}

/** A quiet look for a vector layer, by the names in common use; unknown ones get thin lines. */
function styled(source: string, name: string, palette: Palette): SlottedLayer[] {
  const water = /water|ocean|lake/i.test(name);
  const green = /land(use|cover)|wood|forest|park|natural/i.test(name);
  const earth = /^(earth|land)$/i.test(name);
  const road = /road|transport|street|rail/i.test(name);
  const colour = water
    ? palette.water
    : green
      ? palette.forest
      : earth
        ? palette.land
        : road
          ? palette.road
          : palette.sector;
  const common = { source, 'source-layer': name } as const;
  const layers: SlottedLayer[] = [
    {
      slot: 'imported',
      layer: {
        ...common,
        id: `${source}-${name}-line`,
        type: 'line',
        filter: ['!=', ['geometry-type'], 'Point'],
        paint: { 'line-color': water ? palette.river : colour, 'line-width': road ? 1.2 : 0.8 },
      },
    },
    {
      slot: 'labels',
      layer: {
        ...common,
        id: `${source}-${name}-names`,
        type: 'symbol',
        filter: ['all', ['==', ['geometry-type'], 'Point'], ['has', 'name']],
        layout: { 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 12 },
        paint: {
          'text-color': palette.label,
          'text-halo-color': palette.halo,
          'text-halo-width': 1.4,
        },
      },
    },
  ];
  if (water || green || earth) {
    layers.unshift({
      slot: 'imported',
      layer: {
        ...common,
        id: `${source}-${name}-fill`,
        type: 'fill',
        filter: ['==', ['geometry-type'], 'Polygon'],
        paint: { 'fill-color': colour },
      },
    });
  }
  return layers;
}
