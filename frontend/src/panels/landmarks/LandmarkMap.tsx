import { useEffect } from 'react';
import type { Sector, Sensor } from '../../api/types';
import { useMap } from '../../map/context';
import { wedgeRings } from '../../map/geo';
import { Basemap } from '../../map/layers/Basemap';
import { ImportedMaps } from '../../map/layers/ImportedMaps';
import { SectorOutline } from '../../map/layers/SectorOutline';
import { Sensors } from '../../map/layers/Sensors';
import { MapControls } from '../../map/MapControls';
import { MapView } from '../../map/MapView';
import { MapPoints } from './MapPoints';
import type { Landmark } from './pairing';

interface Props {
  sector: Sector;
  camera: Sensor | undefined;
  landmarks: readonly Landmark[];
  waits: boolean;
  onPlace: (lon: number, lat: number) => void;
}

/** What stands still in the sector, from where the camera looks; nothing that moves is drawn. */
export function LandmarkMap({ sector, camera, landmarks, waits, onPlace }: Props) {
  return (
    <MapView sector={sector}>
      <Basemap />
      <ImportedMaps />
      <SectorOutline sector={sector} />
      <Sensors />
      {camera && <InView key={camera.id} camera={camera} />}
      <MapControls sector={sector} />
      <MapPoints landmarks={landmarks} waits={waits} onPlace={onPlace} />
    </MapView>
  );
}

const ALONE_ZOOM = 14;

/** Begins where the camera is and what it is held to see. */
function InView({ camera }: { camera: Sensor }) {
  const map = useMap();
  // biome-ignore lint/correctness/useExhaustiveDependencies: once; the person moves it from then on
  useEffect(() => {
    const { lon, lat, field_of_view: field } = camera;
    if (!field) {
      map.jumpTo({ center: [lon, lat], zoom: ALONE_ZOOM });
      return;
    }
    const ring = [[lon, lat], ...(wedgeRings(lon, lat, field)[0] ?? [])];
    const lons = ring.map((p) => p[0] ?? 0);
    const lats = ring.map((p) => p[1] ?? 0);
    map.fitBounds([Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)], {
      padding: 32,
      duration: 0,
    });
  }, [map]);
  return null;
}
