import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { hub } from '../api/hub';
import type { Me, Sector } from '../api/types';
import { localTime, utcTime } from '../i18n/format';
import { useSpoken } from '../i18n/spoken';
import { useNow } from '../state/clock';
import { setPrefs, usePrefs } from '../state/prefs';
import { notify, useView } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { IconButton } from '../ui/IconButton';
import { Kbd } from '../ui/Kbd';
import { Modal } from '../ui/Modal';
import { Select } from '../ui/Select';
import { useSoundReady } from '../ui/sound';
import { ChangePassword } from './ChangePassword';
import { HealthStrip } from './HealthStrip';
import { LanguageSelect } from './LanguageSelect';

interface Props {
  me: Me;
  sector: Sector | undefined;
  sectors: Sector[];
  onSector: (id: string) => void;
}

export function TopBar({ me, sector, sectors, onSector }: Props) {
  const { t } = useTranslation();
  return (
    <header className="top">
      <h1 className="visually-hidden">
        {t('app.name')}: {sector?.name}
      </h1>
      <div className="top-sector">
        {sectors.length > 1 ? (
          <Select
            label={t('top.sector')}
            hideLabel
            value={sector?.id ?? null}
            options={sectors}
            onChange={onSector}
          />
        ) : (
          <strong className="one-line" title={sector?.name}>
            {sector?.name ?? '…'}
          </strong>
        )}
        {sector?.synthetic && <span className="tag top-synthetic">{t('top.synthetic')}</span>}
      </div>
      <Clock />
      <HealthStrip />
      <div className="top-end">
        <Button
          look="quiet"
          aria-label={`${t('top.find')} Ctrl K`}
          onPress={() => useView.setState({ finding: true })}
        >
          <Icon name="search" size={16} />
          <span className="top-wide">{t('top.find')}</span> <Kbd>Ctrl K</Kbd>
        </Button>
        <SoundButton />
        <div className="top-wide">
          <LanguageSelect />
        </div>
        <Account me={me} />
      </div>
    </header>
  );
}

function Clock() {
  const { t } = useTranslation();
  const now = useNow();
  const spoken = useSpoken();
  return (
    <div className="clock">
      <time dateTime={new Date(now).toISOString()}>
        <strong>{localTime(now, spoken)}</strong> <span className="muted">{t('top.local')}</span>
      </time>
      <span className="clock-utc muted">· {utcTime(now)}</span>
    </div>
  );
}

export function SoundButton() {
  const { t } = useTranslation();
  const sound = usePrefs((prefs) => prefs.sound);
  const ready = useSoundReady();
  const label = !sound ? 'top.sound_off' : ready ? 'top.sound_on' : 'top.sound_waiting';
  return (
    <IconButton
      icon={sound ? 'sound' : 'mute'}
      label={t(label)}
      pressed={sound}
      onPress={() => setPrefs({ sound: !sound })}
    />
  );
}

function Account({ me }: { me: Me }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [changing, setChanging] = useState(false);
  const logout = useMutation({
    mutationFn: hub.logout,
    // Whatever the hub said, the screen forgets what it showed and asks who we are.
    onSettled: () => client.resetQueries(),
  });
  return (
    <>
      <MenuTrigger>
        <Button look="quiet" aria-label={`${t('top.account')}: ${me.name}`}>
          <Icon name="user" size={16} />
          <span className="top-wide one-line top-name">{me.name}</span>
          <Icon name="down" size={12} />
        </Button>
        <Popover className="popover" placement="bottom end">
          <Menu className="menu">
            <MenuItem className="menu-item" onAction={() => setChanging(true)}>
              {t('action.change_password')}
            </MenuItem>
            <MenuItem className="menu-item" onAction={() => logout.mutate()}>
              {t('action.sign_out')}
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      <Modal
        title={t('action.change_password')}
        isOpen={changing}
        onClose={() => setChanging(false)}
      >
        <ChangePassword
          onDone={() => {
            setChanging(false);
            notify({ kind: 'done', text: t('password.done') });
          }}
        />
      </Modal>
    </>
  );
}
