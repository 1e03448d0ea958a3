import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { openPanel, type Page, showPage, useView } from '../state/view';
import { Icon, type IconName } from '../ui/Icon';
import { PANELS, useWaiting, useWrong } from './Rail';

/** On a phone the list, the map and the card are three pages. */
export function PhoneBar() {
  const { t } = useTranslation();
  const page = useView((view) => view.page);
  const panel = useView((view) => view.panel);
  const selected = useView((view) => view.selection !== null);
  const waiting = useWaiting();
  const wrong = useWrong();
  return (
    <nav className="phone-bar" aria-label={t('rail.label')}>
      <PhoneItem
        data-page="list"
        icon="alarm"
        label={t('rail.alarms')}
        isOn={page === 'list' && panel === 'alarms'}
        onPress={() => openPanel('alarms')}
        {...(waiting > 0 ? { badge: waiting } : {})}
      />
      <PhoneItem
        data-page="map"
        icon="map"
        label={t('rail.map')}
        isOn={page === 'map'}
        onPress={() => showPage('map')}
      />
      <PhoneItem
        data-page="card"
        icon="card"
        label={t('rail.card')}
        isOn={page === 'card'}
        isDisabled={!selected}
        onPress={() => showPage('card')}
      />
      <MenuTrigger>
        <PhoneItem
          data-page="more"
          icon="more"
          label={t('rail.more')}
          isOn={page === 'list' && panel !== 'alarms'}
          {...(wrong > 0 ? { badge: wrong, isQuiet: true } : {})}
        />
        <Popover className="popover" placement="top end">
          <Menu className="menu" onAction={(key) => openPanel(key as typeof panel)}>
            {PANELS.map((each) => (
              <MenuItem key={each.panel} id={each.panel} className="menu-item">
                <Icon name={each.icon} /> {t(`rail.${each.panel}`)}
                {each.panel === 'health' && wrong > 0 && ` (${wrong})`}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
    </nav>
  );
}

interface ItemProps {
  'data-page': Page | 'more';
  icon: IconName;
  label: string;
  isOn: boolean;
  isDisabled?: boolean;
  badge?: number;
  isQuiet?: boolean;
  onPress?: () => void;
}

function PhoneItem({ icon, label, isOn, badge, isQuiet, ...props }: ItemProps) {
  return (
    <AriaButton {...props} className="phone-item" data-on={isOn}>
      <Icon name={icon} />
      <span>{label}</span>
      {badge && (
        <span className={isQuiet ? 'badge badge-quiet' : 'badge'}>
          {badge > 99 ? '99+' : badge}
        </span>
      )}
    </AriaButton>
  );
}
