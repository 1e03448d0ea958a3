import { useEffect } from 'react';
import type { Sector } from '../../api/types';
import { addSource, useLayers, useMap } from '../context';
import { usePalette } from '../palette';

/** Where this sector's watch ends: outside of it no alarm is raised here. */
export function SectorOutline({ sector }: { sector: Sector }) {
  const map = useMap();
  const palette = usePalette();
  useEffect(
    () =>
      addSource(map, 'sector', {
        type: 'geojson',
        data: { type: 'Feature', properties: {}, geometry: sector.geom },
      }),
    [map, sector],
  );
  useLayers(
    () => [
      {
        slot: 'sector',
        layer: {
          id: 'sector',
          type: 'line',
          source: 'sector',
          paint: {
            'line-color': palette.sector,
            'line-width': 1,
            'line-dasharray': [2, 4],
          },
        },
      },
    ],
    [palette, sector],
  );
  return null;
}
