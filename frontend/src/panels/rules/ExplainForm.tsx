import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { hub } from '../../api/hub';
import { useGeofences, useRuleKinds, useTrackDetail } from '../../api/queries';
import type { ExplainedPlot, Explanation } from '../../api/types';
import { kmh, localTime, percent } from '../../i18n/format';
import { useSpoken } from '../../i18n/spoken';
import { hubNow } from '../../state/clock';
import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { Select } from '../../ui/Select';
import { Empty, Problem } from '../../ui/States';
import { explained } from './explain';
import { momentOf } from './moment';

/** Asks why a rule did or did not fire for a track at a time, and shows what it saw. */
export function ExplainForm({ track }: { track: number }) {
  const { t } = useTranslation();
  const spoken = useSpoken();
  const { data: fences } = useGeofences();
  const { data: kinds } = useRuleKinds();
  const { data: detail } = useTrackDetail(track);
  const [rule, setRule] = useState<string | null>(null);
  const [typed, setTyped] = useState<string | null>(null);
  const last = detail ? Date.parse(detail.last_at) : null;
  const time = typed ?? localTime(last ?? hubNow(), spoken);
  const at = typed === null ? last : momentOf(typed, hubNow(), spoken.timeZone);
  const ask = useMutation({
    mutationFn: (asked: { rule: string; at: number }) =>
      hub.explain(asked.rule, track, new Date(asked.at).toISOString()),
  });
  const ofSigns = new Set(kinds?.filter((kind) => !kind.of_tracks).map((kind) => kind.name));
  const rules = (fences ?? []).flatMap((fence) =>
    fence.rules
      .filter((each) => !ofSigns.has(each.kind))
      .map((each) => ({
        id: each.id,
        name: `${fence.name}: ${each.name} (${t(`rule_kind.${each.kind}`)})`,
      })),
  );
  if (fences && kinds && rules.length === 0) {
    return <Empty icon="zone">{t('explain.no_rules')}</Empty>;
  }
  return (
    <>
      <Form
        className="stack step-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (rule && at !== null) ask.mutate({ rule, at });
        }}
      >
        <Select label={t('card.rule')} value={rule} options={rules} onChange={setRule} />
        <Field
          label={t('explain.at')}
          hint={t('explain.at_hint')}
          value={time}
          onChange={setTyped}
          maxLength={8}
          error={typed !== null && at === null ? t('explain.at_wrong') : null}
          data-field="at"
        />
        <div className="explain-ask">
          <Button
            type="submit"
            look="primary"
            isDisabled={!rule || at === null}
            isPending={ask.isPending}
          >
            {t('explain.submit')}
          </Button>
        </div>
      </Form>
      {ask.error && <Problem error={ask.error} />}
      {ask.data && <Answer found={ask.data} />}
    </>
  );
}

function Answer({ found }: { found: Explanation }) {
  const { t } = useTranslation();
  const spoken = useSpoken();
  return (
    <section className="why" data-explained={found.failed?.predicate ?? 'fired'} role="status">
      {explained(t, found, spoken).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {found.inputs.length > 0 && <Inputs plots={found.inputs} />}
    </section>
  );
}

/** The plots that the rule saw around the time. */
function Inputs({ plots }: { plots: readonly ExplainedPlot[] }) {
  const { t, i18n } = useTranslation();
  const spoken = useSpoken();
  const sigma = (z: number) =>
    z.toLocaleString(i18n.language, { maximumFractionDigits: 1, signDisplay: 'exceptZero' });
  const ofArea = plots[0]?.p_inside !== undefined;
  return (
    <div className="table-scroll">
      <table className="table">
        <caption>{t('explain.inputs')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('explain.time')}</th>
            <th scope="col">{t(ofArea ? 'explain.inside' : 'explain.z')}</th>
            <th scope="col">{t('explain.sigma')}</th>
            <th scope="col">{t('tracks.speed')}</th>
            <th scope="col">{t('tracks.hits')}</th>
          </tr>
        </thead>
        <tbody>
          {plots.map((plot) => (
            <tr key={plot.at_us}>
              <th scope="row">{localTime(plot.at_us / 1000, spoken)}</th>
              <td>
                {plot.p_inside === undefined
                  ? sigma(plot.z ?? 0)
                  : t('unit.percent', { n: percent(plot.p_inside) })}
              </td>
              <td>{t('unit.m', { n: Math.round(plot.sigma_m) })}</td>
              <td>{t('unit.kmh', { n: kmh(plot.speed_mps, i18n.language) })}</td>
              <td>{plot.hits}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
