import { Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { Step } from '../api/hub';
import type { Incident } from '../api/types';
import { isOpen, isWaiting } from '../state/order';
import { ask, type StepDialog } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { Kbd } from '../ui/Kbd';
import { useStep } from './actions';

const DIALOGS = new Set<string>([
  'dispatch',
  'resolve',
  'snooze',
  'merge',
  'split',
  'link',
  'note',
] satisfies StepDialog[]);
const KEYS: Partial<Record<Step, string>> = {
  acknowledge: 'A',
  dispatch: 'D',
  resolve: 'R',
  snooze: 'S',
};

/** What a person can do now: the likeliest as buttons, the rest behind them. */
function stepsOf(incident: Incident): { near: Step[]; far: Step[] } {
  if (!isOpen(incident)) return { near: ['reopen'], far: ['link', 'note'] };
  const { status } = incident;
  const sent = status === 'dispatched' || status === 'on_scene';
  const next: Step = status === 'dispatched' ? 'arrive' : 'dispatch';
  const far: Step[] = [
    next === 'arrive' ? 'dispatch' : 'arrive',
    'snooze',
    'merge',
    'link',
    'note',
  ];
  if (status === 'on_scene') far.shift();
  if (incident.tracks.length > 1) far.push('split');
  if (incident.snoozed_until) far.unshift('wake');
  if (sent) far.push('recall');
  if (status === 'acknowledged') far.push('hand_back');
  const near: Step[] = isWaiting(incident) || status === 'new' ? ['acknowledge'] : [];
  return { near: [...near, next, 'resolve'], far };
}

export function IncidentActions({ incident }: { incident: Incident }) {
  const { t } = useTranslation();
  const step = useStep();
  const { near, far } = stepsOf(incident);
  const likely: Step | undefined =
    incident.status === 'on_scene' && !isWaiting(incident)
      ? 'resolve'
      : isOpen(incident)
        ? near[0]
        : undefined;
  const take = (verb: Step) =>
    DIALOGS.has(verb)
      ? ask({ kind: verb as StepDialog, id: incident.id })
      : step.mutate({ id: incident.id, verb });
  const pending = (verb: Step) => step.isPending && step.variables?.verb === verb;
  const name = (verb: Step) => `${t(`action.${verb}`)}${DIALOGS.has(verb) ? '…' : ''}`;
  return (
    <footer className="card-actions">
      {near.map((verb) => (
        <Button
          key={verb}
          look={verb === likely ? 'primary' : 'plain'}
          wide
          data-action={verb}
          isPending={pending(verb)}
          onPress={() => take(verb)}
        >
          {pending(verb) ? (
            t('card.sending')
          ) : (
            <>
              {name(verb)} {KEYS[verb] && <Kbd>{KEYS[verb]}</Kbd>}
            </>
          )}
        </Button>
      ))}
      <MenuTrigger>
        <Button data-action="more" aria-label={t('action.more')}>
          <Icon name="more" size={18} />
        </Button>
        <Popover className="popover" placement="top end">
          <Menu className="menu" onAction={(key) => take(key as Step)}>
            {far.map((verb) => (
              <MenuItem key={verb} id={verb} className="menu-item" textValue={name(verb)}>
                {name(verb)} {KEYS[verb] && <Kbd>{KEYS[verb]}</Kbd>}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
    </footer>
  );
}
