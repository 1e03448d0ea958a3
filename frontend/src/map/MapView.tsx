import * as maplibregl from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import { PMTiles, Protocol } from 'pmtiles';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Sector } from '../api/types';
import { Empty } from '../ui/States';
import { MapContext } from './context';
import { addIcons } from './icons';
import './map.css';
import { type Palette, usePalette } from './palette';
import { slotLayers } from './slots';

maplibregl.setWorkerUrl(workerUrl);
const tiles = new Protocol();
maplibregl.addProtocol('pmtiles', tiles.tile);

/** Register an archive under its address, so that its header is read once. */
export function pmtilesArchive(url: string): PMTiles {
  const absolute = new URL(url, location.href).href;
  const known = tiles.get(absolute);
  if (known) return known;
  const archive = new PMTiles(absolute);
  tiles.add(archive);
  return archive;
}

const bounds = (sector: Sector): maplibregl.LngLatBoundsLike => {
  const ring = sector.geom.coordinates[0] ?? [];
  const lons = ring.map((p) => p[0] ?? 0);
  const lats = ring.map((p) => p[1] ?? 0);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
};

function createMap(container: HTMLElement, sector: Sector, palette: Palette, label: string) {
  return new maplibregl.Map({
    container,
    // No `glyphs`: labels are drawn from the fonts shipped with the page.
    style: {
      version: 8,
      sources: {},
      layers: [
        { id: 'ground', type: 'background', paint: { 'background-color': palette.water } },
        ...slotLayers,
      ],
    },
    bounds: bounds(sector),
    fitBoundsOptions: { padding: 24 },
    minZoom: 4,
    maxZoom: 19,
    attributionControl: false,
    // Directions on screen are told as bearings: north stays up.
    dragRotate: false,
    touchPitch: false,
    pitchWithRotate: false,
    rollEnabled: false,
    maxPitch: 0,
    fadeDuration: 0,
    renderWorldCopies: false,
    locale: { 'Map.Title': label },
  });
}

/** The map of a sector; its children are layers and controls that find it in the context. */
export function MapView({ sector, children }: { sector: Sector; children: ReactNode }) {
  const { t } = useTranslation();
  const host = useRef<HTMLDivElement>(null);
  const palette = usePalette();
  const [map, setMap] = useState<maplibregl.Map | null>(null);
  const [failed, setFailed] = useState(false);
  const first = useRef({ palette, label: t('map.label') });

  useEffect(() => {
    if (!host.current) return;
    let created: maplibregl.Map;
    try {
      created = createMap(host.current, sector, first.current.palette, first.current.label);
    } catch (error) {
      // Without WebGL there is no map; the lists hold all that is on it.
      console.warn(error);
      setFailed(true);
      return;
    }
    created.touchZoomRotate.disableRotation();
    created.keyboard.disableRotation();
    let removed = false;
    created.once('style.load', () => {
      if (removed) return;
      addIcons(created, first.current.palette);
      setMap(created);
      // Live layers never rest; the map counts as drawn once all tiles were there together.
      const drawn = () => {
        if (!created.areTilesLoaded()) return;
        host.current?.parentElement?.setAttribute('data-drawn', '');
        created.off('render', drawn);
      };
      created.on('render', drawn);
    });
    return () => {
      removed = true;
      setMap(null);
      created.remove();
    };
  }, [sector]);

  useEffect(() => {
    if (!map) return;
    addIcons(map, palette);
    map.setPaintProperty('ground', 'background-color', palette.water);
  }, [map, palette]);

  return (
    <div className="map">
      <div className="map-canvas" ref={host} />
      {map ? (
        <MapContext value={map}>{children}</MapContext>
      ) : (
        <div className="map-skeleton" aria-hidden="true" />
      )}
      {failed && (
        <div className="map-failed">
          <Empty icon="map">{t('map.failed')}</Empty>
        </div>
      )}
    </div>
  );
}
