import type { MapMouseEvent, PointLike } from 'maplibre-gl';
import { useEffect } from 'react';
import { ask, type Selection, select, useView } from '../state/view';
import { useMap } from './context';
import { useDraft } from './tools/draft-store';

/** What can be picked, the most important first. */
const PICKABLE = [
  'incidents',
  'tracks',
  'sensors',
  'geofences-line',
  'geofences-off',
  'geofences-quiet',
  'zones-fill',
] as const;
/** How far off a pointer may be; a finger is blunter than a mouse. */
const reachPx = (): number => (matchMedia('(pointer: coarse)').matches ? 16 : 7);

function selectionOf(layer: string, properties: Record<string, unknown>): Selection {
  if (layer === 'incidents') return { kind: 'incident', id: String(properties.id) };
  if (layer === 'tracks') return { kind: 'track', no: Number(properties.no) };
  if (layer === 'sensors') return { kind: 'sensor', id: String(properties.id) };
  return { kind: 'geofence', id: String(properties.id) };
}

/** Pointing at things on the map: a click opens their card, a hover lights a zone up. */
export function MapInteraction() {
  const map = useMap();
  const drawing = useDraft((state) => state.draft !== null && !state.draft.done);

  useEffect(() => {
    if (drawing) return;
    const reach = reachPx();
    const pick = (event: MapMouseEvent): { selection: Selection; layer: string } | null => {
      const { x, y } = event.point;
      const box: [PointLike, PointLike] = [
        [x - reach, y - reach],
        [x + reach, y + reach],
      ];
      const layers = PICKABLE.filter((id) => map.getLayer(id));
      const found = map.queryRenderedFeatures(box, { layers });
      for (const layer of PICKABLE) {
        const hit = found.find((feature) => feature.layer.id === layer);
        if (hit) return { selection: selectionOf(layer, hit.properties), layer };
      }
      return null;
    };
    let hovered: string | null = null;
    const hover = (id: string | null) => {
      if (id === hovered) return;
      if (hovered) map.setFeatureState({ source: 'geofences', id: hovered }, { hover: false });
      if (id) map.setFeatureState({ source: 'geofences', id }, { hover: true });
      hovered = id;
    };
    const move = (event: MapMouseEvent) => {
      const hit = pick(event);
      map.getCanvas().classList.toggle('pointing', hit !== null);
      hover(hit?.selection.kind === 'geofence' ? hit.selection.id : null);
    };
    const click = (event: MapMouseEvent) => {
      const hit = pick(event);
      if (hit) select(hit.selection);
      else if (useView.getState().selection) select(null);
    };
    map.on('mousemove', move);
    // A secondary click, or a long press: what somebody has told of happened here.
    const make = ({ lngLat }: MapMouseEvent) =>
      ask({ kind: 'make', place: { lon: lngLat.lng, lat: lngLat.lat } });
    map.on('click', click);
    map.on('contextmenu', make);
    return () => {
      map.off('mousemove', move);
      map.off('click', click);
      map.off('contextmenu', make);
      if (map.style && map.getSource('geofences')) hover(null);
      map.getCanvas().classList.remove('pointing');
    };
  }, [map, drawing]);
  return null;
}
