import { Button as AriaButton, Switch } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { Geofence, Rule } from '../api/types';
import { ask } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { SeverityMark } from '../ui/Severity';
import { Empty } from '../ui/States';
import { Section } from './Card';
import { isArmed } from './fence-words';
import { useArmRule } from './rules/editing';

/** The rules of a zone or tripwire: each opens its form, and is switched off or on beside it. */
export function FenceRules({ fence }: { fence: Geofence }) {
  const { t } = useTranslation();
  const edit = (rule: string | null) => ask({ kind: 'rule', geofence: fence.id, rule });
  return (
    <Section title={t('zones.rules')}>
      {fence.rules.length === 0 && <Empty icon="alarm">{t('rule.none')}</Empty>}
      <ul className="link-list">
        {fence.rules.map((rule) => (
          <li key={rule.id} className="rule-line" data-rule={rule.kind} data-armed={isArmed(rule)}>
            <AriaButton className="link-row" onPress={() => edit(rule.id)}>
              <SeverityMark severity={rule.severity} />
              <span className="link-main">
                <span className="one-line">{t(`rule_kind.${rule.kind}`)}</span>
                {rule.name !== fence.name && <span className="muted one-line">{rule.name}</span>}
              </span>
            </AriaButton>
            <Armed fence={fence} rule={rule} />
          </li>
        ))}
      </ul>
      <Button data-action="new_rule" onPress={() => edit(null)}>
        <Icon name="plus" size={16} /> {t('rule.add')}
      </Button>
    </Section>
  );
}

function Armed({ fence, rule }: { fence: Geofence; rule: Rule }) {
  const { t } = useTranslation();
  const arm = useArmRule(fence.id);
  const on = isArmed(rule);
  return (
    <Switch
      className="switch"
      isSelected={on}
      onChange={(armed) => arm(rule, armed)}
      aria-label={t('rule.armed_of', { name: rule.name })}
    >
      <span className="switch-track" />
      <span className="switch-word">{t(on ? 'rule.on' : 'rule.off')}</span>
    </Switch>
  );
}
