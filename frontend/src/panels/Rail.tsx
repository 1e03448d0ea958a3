import { useTranslation } from 'react-i18next';
import { useLive } from '../state/live-store';
import { isWaiting } from '../state/order';
import { openPanel, type Panel, useView } from '../state/view';
import type { IconName } from '../ui/Icon';
import { IconButton } from '../ui/IconButton';

export const PANELS: { panel: Panel; icon: IconName }[] = [
  { panel: 'alarms', icon: 'alarm' },
  { panel: 'tracks', icon: 'track' },
  { panel: 'zones', icon: 'zone' },
  { panel: 'sensors', icon: 'sensor' },
  { panel: 'health', icon: 'health' },
  { panel: 'nuisance', icon: 'chart' },
  { panel: 'settings', icon: 'settings' },
];

/** Alarms that wait for a person. */
export const useWaiting = (): number =>
  useLive((state) => {
    let waiting = 0;
    for (const incident of state.incidents.values()) waiting += Number(isWaiting(incident));
    return waiting;
  });

/** What a technician should look at. */
export const useWrong = (): number => useLive((state) => state.pulse?.alarms?.length ?? 0);

export function Rail() {
  const { t } = useTranslation();
  const open = useView((view) => view.panel);
  const waiting = useWaiting();
  const wrong = useWrong();
  const name = (panel: Panel): string => {
    const label = t(`rail.${panel}`);
    if (panel === 'alarms' && waiting > 0)
      return `${label}: ${t('rail.waiting', { count: waiting })}`;
    return panel === 'health' && wrong > 0 ? `${label}: ${t('rail.wrong', { n: wrong })}` : label;
  };
  return (
    <nav className="rail" aria-label={t('rail.label')}>
      {PANELS.map(({ panel, icon }) => (
        <div key={panel} className="rail-item" data-open={panel === open} data-panel={panel}>
          <IconButton
            icon={icon}
            label={name(panel)}
            pressed={panel === open}
            onPress={() => openPanel(panel)}
          />
          {panel === 'alarms' && waiting > 0 && (
            <span className="badge" aria-hidden="true">
              {waiting > 99 ? '99+' : waiting}
            </span>
          )}
          {panel === 'health' && wrong > 0 && (
            <span className="badge badge-quiet" aria-hidden="true">
              {wrong}
            </span>
          )}
        </div>
      ))}
    </nav>
  );
}
