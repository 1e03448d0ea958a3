import type { Sector } from '../api/types';
import { GoTo } from './GoTo';
import { Basemap } from './layers/Basemap';
import { Geofences } from './layers/Geofences';
import { ImportedMaps } from './layers/ImportedMaps';
import { Incidents } from './layers/Incidents';
import { SectorOutline } from './layers/SectorOutline';
import { SelectionMark } from './layers/SelectionMark';
import { Sensors } from './layers/Sensors';
import { Tracks } from './layers/Tracks';
import { MapControls } from './MapControls';
import { MapInteraction } from './MapInteraction';
import { MapView } from './MapView';
import { DrawTool } from './tools/DrawTool';

/** The sector's map with all its layers; each layer is one file that owns what it draws. */
export default function SectorMap({ sector }: { sector: Sector }) {
  return (
    <MapView sector={sector}>
      <Basemap />
      <ImportedMaps />
      <SectorOutline sector={sector} />
      <Sensors />
      <Geofences />
      <Tracks />
      <Incidents />
      <SelectionMark />
      <MapInteraction />
      <GoTo />
      <MapControls sector={sector} />
      <DrawTool />
    </MapView>
  );
}
