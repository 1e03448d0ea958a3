import { useState } from 'react';
import { Button as AriaButton } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useNuisance } from '../api/queries';
import {
  GROUPINGS,
  type Grouping,
  type NuisanceGroup,
  type Rate,
  type SuggestedFilter,
} from '../api/types';
import { ask, select } from '../state/view';
import { Button } from '../ui/Button';
import { Choice } from '../ui/Choice';
import { Empty, Problem, Skeleton } from '../ui/States';
import { PanelHead } from './PanelHead';

const DAYS = ['7', '30', '90'] as const;

/** How often alarms were harmless or nothing at all, where they come from, and what would help. */
export function NuisancePanel() {
  const { t } = useTranslation();
  const [days, setDays] = useState<(typeof DAYS)[number]>('30');
  const [by, setBy] = useState<Grouping>('sensor');
  const { data, error, refetch } = useNuisance(Number(days));
  return (
    <>
      <PanelHead title={t('nuisance.title')}>
        <Choice
          label={t('nuisance.days')}
          hideLabel
          value={days}
          options={DAYS.map((each) => ({ id: each, label: t(`nuisance.days_${each}`) }))}
          onChange={setDays}
        />
      </PanelHead>
      {error && <Problem error={error} onRetry={refetch} />}
      {!data && !error && <Skeleton />}
      {data?.all.alarms === 0 && <Empty icon="chart">{t('nuisance.empty')}</Empty>}
      {data && data.all.alarms > 0 && (
        <div className="nuisance">
          <GroupItem group={{ ...data.all, name: t('nuisance.all') }} />
          <p className="hint">{t('nuisance.meaning')}</p>
          {!data.complete && <p className="hint">{t('nuisance.not_all')}</p>}
          <Choice
            label={t('nuisance.by')}
            value={by}
            options={GROUPINGS.map((each) => ({ id: each, label: t(`nuisance.by_${each}`) }))}
            onChange={setBy}
          />
          <ul className="stack">
            {data.by[by].map((group) => (
              <li key={group.key} data-group={group.key}>
                <GroupItem group={{ ...group, name: nameOf(t, by, group) }} />
              </li>
            ))}
          </ul>
          <h3>{t('nuisance.filters')}</h3>
          <p className="hint">{t('nuisance.filters_hint')}</p>
          {data.filters.length === 0 && <p className="muted">{t('nuisance.no_filters')}</p>}
          <ul className="stack">
            {data.filters.map((filter) => (
              <FilterItem key={`${filter.rule} ${filter.kind} ${filter.value}`} filter={filter} />
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

type Translate = ReturnType<typeof useTranslation>['t'];

const nameOf = (t: Translate, by: Grouping, group: NuisanceGroup): string => {
  if (by === 'weather') return t('nuisance.weather_unknown');
  return by === 'hour' ? t('nuisance.hour', { hour: group.name }) : group.name || '–';
};

function GroupItem({ group }: { group: NuisanceGroup }) {
  const { t, i18n } = useTranslation();
  const figure = (n: number) =>
    n.toLocaleString(i18n.language, { maximumSignificantDigits: 2, useGrouping: false });
  const rate = ({ per_day, low, high }: Rate) =>
    t('nuisance.rate', { n: figure(per_day), low: figure(low), high: figure(high) });
  return (
    <section className="nuisance-group">
      <h3>
        {group.name} <span className="muted">{t('nuisance.alarms', { count: group.alarms })}</span>
      </h3>
      <dl className="facts">
        <div>
          <dt>{t('nuisance.nar')}</dt>
          <dd>{rate(group.nar)}</dd>
        </div>
        <div>
          <dt>{t('nuisance.far')}</dt>
          <dd>{rate(group.far)}</dd>
        </div>
        <div>
          <dt>{t('nuisance.verdicts')}</dt>
          <dd>
            {t('nuisance.counts', {
              genuine: group.genuine,
              harmless: group.nuisance,
              none: group.false,
              open: group.unjudged + group.unknown,
            })}
          </dd>
        </div>
      </dl>
      {group.open.length > 0 && (
        <Button onPress={() => ask({ kind: 'resolve_all', name: group.name, ids: group.open })}>
          {t('nuisance.resolve', { count: group.open.length })}
        </Button>
      )}
    </section>
  );
}

function FilterItem({ filter }: { filter: SuggestedFilter }) {
  const { t } = useTranslation();
  const value = filter.kind === 'not_class' ? t(`class.${filter.value}`) : filter.value;
  return (
    <li className="nuisance-group" data-filter={filter.kind}>
      <h3>{t(`nuisance.filter_${filter.kind}`, { value })}</h3>
      <p className="muted">
        {filter.rule_name}
        {filter.geofence_name && ` · ${filter.geofence_name}`}
      </p>
      <p className={filter.genuine > 0 ? 'nuisance-lost' : undefined}>
        {t('nuisance.would_hide', {
          genuine: filter.genuine,
          harmless: filter.harmless,
          open: filter.unjudged,
          of: filter.of,
        })}
      </p>
      <p className="nuisance-hidden">
        {filter.hidden.map((alarm) => (
          <AriaButton
            key={alarm.id}
            className="tag"
            data-verdict={alarm.verdict}
            onPress={() => select({ kind: 'incident', id: alarm.id })}
          >
            #{alarm.no} {t(`verdict.${alarm.verdict}`)}
            {alarm.life_at_risk && ` · ${t('severity.life')}`}
          </AriaButton>
        ))}
      </p>
    </li>
  );
}
