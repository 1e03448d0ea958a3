/** The order of the map's layers, bottom to top, whenever and in whatever order they are added.
 *
 * Layers of one slot stand as they were added, so what may arrive in either order has its own.
 */

import type { AddLayerObject, Map as MapLibreMap } from 'maplibre-gl';

export const SLOTS = [
  'land',
  'forest',
  'shade',
  'imported',
  'river',
  'roads',
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
  'selection',
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
