import { useEffect } from 'react';
import { useTrackDetail } from '../../api/queries';
import { useLive } from '../../state/live-store';
import { type Selection, useView } from '../../state/view';
import { addSource, geojsonSource, NOTHING, useLayers, useMap } from '../context';
import { usePalette } from '../palette';

/** Where the selected object is now, or null when it is gone or is a shape of its own. */
export function usePlace(selection: Selection | null): [lon: number, lat: number] | null {
  const found = useLive((state) => {
    if (selection?.kind === 'incident') return state.incidents.get(selection.id);
    if (selection?.kind === 'track') return state.tracks.get(selection.no);
    if (selection?.kind === 'sensor') return state.sensors.get(selection.id);
    return undefined;
  });
  return found ? [found.lon, found.lat] : null;
}

/** A ring in the accent colour around what is selected, and the whole path of a track. */
export function SelectionMark() {
  const map = useMap();
  const palette = usePalette();
  const selection = useView((view) => view.selection);
  const place = usePlace(selection);
  const no = selection?.kind === 'track' ? selection.no : null;
  const { data: detail } = useTrackDetail(no);
  const path = no === null ? undefined : detail?.path;

  useEffect(() => {
    const drop = [
      addSource(map, 'selection', { type: 'geojson', data: NOTHING }),
      addSource(map, 'track-path', { type: 'geojson', data: NOTHING }),
    ];
    return () => {
      for (const each of drop) each();
    };
  }, [map]);
  const lon = place?.[0];
  const lat = place?.[1];
  useEffect(() => {
    geojsonSource(map, 'selection')?.setData(
      lon === undefined || lat === undefined
        ? NOTHING
        : {
            type: 'Feature',
            properties: {},
            geometry: { type: 'Point', coordinates: [lon, lat] },
          },
    );
  }, [map, lon, lat]);
  useEffect(() => {
    geojsonSource(map, 'track-path')?.setData(
      path && path.length > 1
        ? {
            type: 'Feature',
            properties: {},
            geometry: { type: 'LineString', coordinates: path.map((p) => [p[0], p[1]]) },
          }
        : NOTHING,
    );
  }, [map, path]);
  useLayers(
    () => [
      {
        slot: 'tails',
        layer: {
          id: 'track-path',
          type: 'line',
          source: 'track-path',
          layout: { 'line-join': 'round' },
          paint: {
            'line-color': palette.accent,
            'line-width': 1.4,
            'line-opacity': 0.8,
            'line-dasharray': [2, 1.6],
          },
        },
      },
      {
        slot: 'incidents',
        layer: {
          id: 'selection',
          type: 'circle',
          source: 'selection',
          paint: {
            'circle-radius': 19,
            'circle-color': 'transparent',
            'circle-stroke-width': 2.4,
            'circle-stroke-color': palette.accent,
          },
        },
      },
    ],
    [palette],
  );
  return null;
}
