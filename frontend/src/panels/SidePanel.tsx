import { useTranslation } from 'react-i18next';
import { useView } from '../state/view';
import { AlarmsPanel } from './AlarmsPanel';
import { HealthPanel } from './HealthPanel';
import { NuisancePanel } from './NuisancePanel';
import { SensorsPanel } from './SensorsPanel';
import { SettingsPanel } from './SettingsPanel';
import { TracksPanel } from './TracksPanel';
import { ZonesPanel } from './ZonesPanel';

const PANELS = {
  alarms: AlarmsPanel,
  tracks: TracksPanel,
  zones: ZonesPanel,
  sensors: SensorsPanel,
  health: HealthPanel,
  nuisance: NuisancePanel,
  settings: SettingsPanel,
} as const;

/** The list beside the map. */
export function SidePanel() {
  const { t } = useTranslation();
  const panel = useView((view) => view.panel);
  const Shown = PANELS[panel];
  return (
    <aside className="side" data-panel={panel} aria-label={t(`rail.${panel}`)}>
      <Shown />
    </aside>
  );
}
