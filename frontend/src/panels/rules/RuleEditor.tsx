import { useMemo, useState } from 'react';
import { Disclosure, DisclosurePanel, Button as Fold, Form, Heading } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import {
  type Geofence,
  type Rule,
  type RuleKind,
  SEVERITIES,
  type Severity,
} from '../../api/types';
import { Button } from '../../ui/Button';
import { Choice } from '../../ui/Choice';
import { Field } from '../../ui/Field';
import { Icon } from '../../ui/Icon';
import { useProblem } from '../../ui/problem';
import { Select } from '../../ui/Select';
import { SeverityMark } from '../../ui/Severity';
import { BacktestBox } from './BacktestBox';
import { EndRule } from './EndRule';
import { usePutRule } from './editing';
import { fieldsOf, paramsOf, type Values, valuesOf } from './form';
import { RuleFields } from './RuleFields';
import { refusalOf } from './refusal';

interface Props {
  fence: Geofence;
  /** null: a new one. */
  rule: Rule | null;
  kinds: readonly RuleKind[];
  onClose: () => void;
}

/** A rule of a zone or tripwire: what has to happen, how bad it is, and what a track must be. */
export function RuleEditor({ fence, rule, kinds, onClose }: Props) {
  const { t } = useTranslation();
  const problem = useProblem();
  const put = usePutRule(fence.id);
  const possible = kinds.filter((kind) => kind.over.includes(fence.kind));
  const first = kinds.find((kind) => kind.name === rule?.kind) ?? (possible[0] as RuleKind);
  const [kind, setKind] = useState(first);
  const [name, setName] = useState(rule?.name ?? '');
  const [severity, setSeverity] = useState<Severity>(rule?.severity ?? 'high');
  const fields = useMemo(() => fieldsOf(kind), [kind]);
  const [values, setValues] = useState<Values>(() => valuesOf(fields, rule?.params ?? {}));
  const [tried, setTried] = useState(false);
  const [lost, setLost] = useState(false);

  const { params, wrong } = paramsOf(fields, values);
  const refused = refusalOf(put.error, kind.name);
  const errors: Record<string, string> = {};
  if (tried) {
    for (const [field, { code, n }] of Object.entries(wrong)) {
      errors[field] = t(`rule_wrong.${code}`, { n });
    }
  }
  if (refused?.field) errors[refused.field] ??= t(`rule_refused.${refused.reason}`, refused.params);
  const whole = put.error && !refused?.field ? refusedText() : null;

  function refusedText(): string {
    return refused ? t(`rule_refused.${refused.reason}`, refused.params) : problem(put.error);
  }
  function changeKind(id: string): void {
    const next = kinds.find((each) => each.name === id) as RuleKind;
    setKind(next);
    // What both kinds ask keeps its value.
    const kept = paramsOf(fields, values).params;
    const fresh = fieldsOf(next);
    const known = Object.entries(kept).filter(([field]) => field in next.properties);
    setValues(valuesOf(fresh, Object.fromEntries(known)));
    put.reset();
  }
  function save(): void {
    setTried(true);
    if (Object.keys(wrong).length > 0) return;
    const said = name.trim() ? { name: name.trim() } : {};
    const id = rule ? { id: rule.id } : {};
    put.mutate({ ...id, kind: kind.name, severity, ...said, params }, { onSuccess: onClose });
  }
  const common = {
    values,
    errors,
    geofence: fence.id,
    onChange: (field: string, value: Values[string]) =>
      setValues((held) => ({ ...held, [field]: value })),
  };
  const shared = fields.filter((field) => field.shared);
  const asked = shared.filter((field) => field.name in params).length;
  const hidden = shared.some((field) => field.name in errors);
  return (
    <Form
      className="stack step-form"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Select
        label={t('rule.kind')}
        value={kind.name}
        options={possible.map((each) => ({ id: each.name, name: t(`rule_kind.${each.name}`) }))}
        onChange={changeKind}
      />
      {errors.kind && <p className="field-error">{errors.kind}</p>}
      <p className="hint">{t(`rule_what.${kind.name}`)}</p>
      <Field
        label={t('rule.name')}
        hint={t('rule.name_hint', { name: fence.name })}
        value={name}
        onChange={setName}
        maxLength={128}
      />
      <Choice
        label={t('draw.severity')}
        look="list"
        value={severity}
        options={SEVERITIES.map((each) => ({
          id: each,
          label: (
            <>
              <SeverityMark severity={each} lifeAtRisk={false} /> {t(`severity.${each}`)}
            </>
          ),
        }))}
        onChange={setSeverity}
      />
      {kind.life_at_risk && <p className="hint">{t('rule.life_at_risk')}</p>}
      <RuleFields fields={fields.filter((field) => !field.shared)} {...common} />
      <Disclosure className="fold" {...(hidden ? { isExpanded: true } : {})}>
        <Heading>
          <Fold slot="trigger" className="fold-button" data-action="qualifiers">
            <Icon name="down" size={14} />
            {t('rule.only_if')}
            {asked > 0 && <span className="muted">{t('rule.asked', { count: asked })}</span>}
          </Fold>
        </Heading>
        <DisclosurePanel>
          <RuleFields fields={shared} {...common} />
        </DisclosurePanel>
      </Disclosure>
      {rule ? (
        <BacktestBox
          rule={rule.id}
          draft={Object.keys(wrong).length > 0 ? null : { kind: kind.name, severity, params }}
          onLost={setLost}
        />
      ) : (
        <p className="hint">{t('backtest.later')}</p>
      )}
      {whole && (
        <p className="field-error" role="alert">
          {whole}
        </p>
      )}
      <div className="dialog-actions">
        {rule && <EndRule fence={fence.id} rule={rule} onEnded={onClose} />}
        <Button onPress={onClose}>{t('action.cancel')}</Button>
        <Button type="submit" look={lost ? 'danger' : 'primary'} isPending={put.isPending}>
          {put.isPending ? t('card.sending') : t(lost ? 'rule.save_lost' : 'rule.save')}
        </Button>
      </div>
    </Form>
  );
}
