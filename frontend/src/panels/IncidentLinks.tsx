import { Button as AriaButton } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { Incident } from '../api/types';
import { select } from '../state/view';
import { Icon } from '../ui/Icon';
import { IconButton } from '../ui/IconButton';
import { useStep } from './actions';
import { Section } from './Card';

/** The alarms that have to do with this one. */
export function IncidentLinks({ incident }: { incident: Incident }) {
  const { t } = useTranslation();
  const step = useStep();
  return (
    <Section title={t('card.links')}>
      <ul className="link-list">
        {incident.links.map(({ id, no }) => (
          <li key={id} className="link-pair">
            <AriaButton
              className="link-row"
              data-link={no}
              onPress={() => select({ kind: 'incident', id })}
            >
              <Icon name="alarm" size={16} /> {t('card.alarm_no', { no })}
            </AriaButton>
            <IconButton
              icon="close"
              label={t('action.unlink')}
              onPress={() => step.mutate({ id: incident.id, verb: 'unlink', said: { to: id } })}
            />
          </li>
        ))}
      </ul>
    </Section>
  );
}
