import { useState } from 'react';
import { Autocomplete, Input, Menu, MenuItem, SearchField } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useGeofences } from '../api/queries';
import { useLive } from '../state/live-store';
import { goTo, select, showPage, useView } from '../state/view';
import { Icon, type IconName } from '../ui/Icon';
import { Modal } from '../ui/Modal';
import { type Found, find } from './find';
import { whatHappened } from './what';

const ICONS: Record<Found['kind'], IconName> = {
  incident: 'alarm',
  track: 'track',
  sensor: 'sensor',
  geofence: 'zone',
  place: 'target',
};

/** Ctrl K: any object by its number or name, or a place by its coordinates. */
export function FindDialog() {
  const { t } = useTranslation();
  const open = useView((view) => view.finding);
  const close = () => useView.setState({ finding: false });
  return (
    <Modal title={t('find.title')} isOpen={open} onClose={close}>
      <Finder onClose={close} />
    </Modal>
  );
}

function Finder({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const { data: geofences } = useGeofences();
  const { incidents, tracks, sensors } = useLive.getState();
  const found = find(text, {
    incidents: incidents.values(),
    tracks: tracks.values(),
    sensors: sensors.values(),
    geofences: geofences ?? [],
    nameIncident: (incident) =>
      `${t('card.alarm_no', { no: incident.no })} · ${whatHappened(t, incident)}`,
    nameTrack: (track) =>
      `${t('tracks.track_no', { no: track.no })} · ${t(`class.${track.objectClass}`)}`,
  });
  const open = (id: string) => {
    const hit = found.find((each) => each.id === id);
    if (!hit) return;
    onClose();
    if (hit.lon !== null && hit.lat !== null) goTo(hit.lon, hit.lat);
    if (hit.selection) select(hit.selection);
    else showPage('map');
  };
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <SearchField aria-label={t('find.title')} autoFocus>
        <Input className="input" placeholder={t('find.placeholder')} />
      </SearchField>
      <Menu
        className="menu find-results"
        aria-label={t('find.title')}
        items={found}
        onAction={(key) => open(String(key))}
        renderEmptyState={() => (text.trim() ? <p className="muted">{t('find.none')}</p> : null)}
      >
        {(item) => (
          <MenuItem id={item.id} className="menu-item" textValue={item.text}>
            <Icon name={ICONS[item.kind]} size={16} />
            <span className="one-line">
              {item.kind === 'place' ? t('find.coordinates', { place: item.text }) : item.text}
            </span>
          </MenuItem>
        )}
      </Menu>
    </Autocomplete>
  );
}
