import type { Map as MapLibreMap } from 'maplibre-gl';
import { describe, expect, it } from 'vitest';
import { addToSlot, type Slot, slotLayers } from './slots';

/** As much of a map as has an order of layers. */
function stack() {
  const ids: string[] = slotLayers.map((layer) => layer.id);
  const map = {
    addLayer: (layer: { id: string }, before: string) => {
      ids.splice(ids.indexOf(before), 0, layer.id);
    },
  } as unknown as MapLibreMap;
  return { ids, put: (slot: Slot, id: string) => addToSlot(map, slot, { id, type: 'background' }) };
}

describe('slots', () => {
  it('keep their order whatever arrives first', () => {
    const { ids, put } = stack();
    put('incidents', 'incident');
    put('forest', 'wood');
    put('border', 'border');
    put('land', 'land');
    const order = ids.filter((id) => !id.startsWith('slot-'));
    expect(order).toEqual(['land', 'wood', 'border', 'incident']);
  });
});
