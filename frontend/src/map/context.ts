import type { GeoJSONSource, Map as MapLibreMap, SourceSpecification } from 'maplibre-gl';
import { createContext, useContext, useEffect } from 'react';
import { addToSlot, type Slot } from './slots';

export const MapContext = createContext<MapLibreMap | null>(null);

/** The map; layers are only ever rendered below a loaded one. */
export function useMap(): MapLibreMap {
  const map = useContext(MapContext);
  if (!map) throw new Error('a map layer outside of a map');
  return map;
}

export interface SlottedLayer {
  slot: Slot;
  // The style specification's own union: an id, a type and what belongs to that type.
  layer: Parameters<MapLibreMap['addLayer']>[0];
}

/** Whether the map still has its style: it has none after its removal. */
const alive = (map: MapLibreMap): boolean => Boolean(map.style);

/** Own a source: there from mount to unmount. */
export function addSource(map: MapLibreMap, id: string, source: SourceSpecification): () => void {
  map.addSource(id, source);
  return () => {
    if (!alive(map)) return;
    for (const layer of map.getStyle().layers) {
      if ('source' in layer && layer.source === id) map.removeLayer(layer.id);
    }
    map.removeSource(id);
  };
}

/** Own layers: there from mount to unmount, drawn anew when `deps` change. */
export function useLayers(make: () => SlottedLayer[], deps: readonly unknown[]): void {
  const map = useMap();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the caller names what it draws from
  useEffect(() => {
    const layers = make();
    for (const { slot, layer } of layers) addToSlot(map, slot, layer);
    return () => {
      if (!alive(map)) return;
      for (const { layer } of layers) if (map.getLayer(layer.id)) map.removeLayer(layer.id);
    };
  }, [map, ...deps]);
}

export const geojsonSource = (map: MapLibreMap, id: string): GeoJSONSource | undefined =>
  map.getSource<GeoJSONSource>(id);

export const NOTHING: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };
export const FONT = ['Noto Sans'];
