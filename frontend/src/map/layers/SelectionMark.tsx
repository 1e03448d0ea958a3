import type { Feature } from 'geojson';
import { useEffect } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { useTrackDetail } from '../../api/queries';
import type { LiveState } from '../../state/live';
import { useLive } from '../../state/live-store';
import { type Selection, useView } from '../../state/view';
import { addSource, geojsonSource, NOTHING, useLayers, useMap } from '../context';
import { usePalette } from '../palette';

interface Ring {
  lon: number;
  lat: number;
  radius: number;
}

/** Where the rings go: around the selected object, and around the tracks of an alarm. */
function ringsOf(live: LiveState, selection: Selection | null): Ring[] {
  if (selection?.kind === 'sensor') return ring(live.sensors.get(selection.id), 17);
  if (selection?.kind === 'track') return ring(live.tracks.get(selection.no), 17);
  if (selection?.kind !== 'incident') return [];
  const incident = live.incidents.get(selection.id);
  return [
    ...ring(incident, 21),
    ...(incident?.tracks ?? []).flatMap((track) => ring(live.tracks.get(track.no ?? -1), 14)),
  ];
}

const ring = (at: { lon: number; lat: number } | undefined, radius: number): Ring[] =>
  at ? [{ lon: at.lon, lat: at.lat, radius }] : [];

/** A ring in the accent colour around what is selected, and the whole path of a track. */
export function SelectionMark() {
  const map = useMap();
  const palette = usePalette();
  const selection = useView((view) => view.selection);
  const rings = useLive(useShallow((live) => ringsOf(live, selection).flatMap(Object.values)));
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
  useEffect(() => {
    const features: Feature[] = [];
    for (let i = 0; i < rings.length; i += 3) {
      features.push({
        type: 'Feature',
        properties: { radius: rings[i + 2] },
        geometry: { type: 'Point', coordinates: [rings[i] as number, rings[i + 1] as number] },
      });
    }
    geojsonSource(map, 'selection')?.setData({ type: 'FeatureCollection', features });
  }, [map, rings]);
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
        slot: 'selection',
        layer: {
          id: 'selection',
          type: 'circle',
          source: 'selection',
          paint: {
            'circle-radius': ['get', 'radius'],
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
