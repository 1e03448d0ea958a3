/** The order of the map's layers, bottom to top, whenever and in whatever order they are added. */

import type { AddLayerObject, Map as MapLibreMap } from 'maplibre-gl';

export const SLOTS = [
  'land',
  'shade',
  'imported',
  'ground',
  'sector',
  'fields',
  'border',
  'geofences',
  'tails',
  'ellipses',
  'labels',
  'sensors',
  'tracks',
  'incidents',
  'tool',
] as const;
export type Slot = (typeof SLOTS)[number];

const anchor = (slot: Slot) => `slot-${slot}`;

/** An invisible layer at the top of each slot; layers are put right below it. */
export const slotLayers = SLOTS.map((slot) => ({
  id: anchor(slot),
  type: 'background' as const,
  layout: { visibility: 'none' as const },
}));

export function addToSlot(map: MapLibreMap, slot: Slot, layer: AddLayerObject): void {
  map.addLayer(layer, anchor(slot));
}
