import { useMutation } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ProgressBar } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { hub } from '../../api/hub';
import { useBacktest } from '../../api/queries';
import type { Backtest, RuleDraft } from '../../api/types';
import { Button } from '../../ui/Button';
import { Choice } from '../../ui/Choice';
import { useProblem } from '../../ui/problem';

type Draft = Omit<RuleDraft, 'id' | 'name'>;

interface Props {
  rule: string;
  /** null while the form cannot be sent. */
  draft: Draft | null;
  /** Whether the draft as it stands would have lost confirmed alarms. */
  onLost: (lost: boolean) => void;
}

const DAYS = ['1', '7', '30'] as const;

/** Tries a draft over what is stored of the last days, and says what would be otherwise. */
export function BacktestBox({ rule, draft, onLost }: Props) {
  const { t } = useTranslation();
  const problem = useProblem();
  const [days, setDays] = useState<(typeof DAYS)[number]>('7');
  const [tested, setTested] = useState('');
  const start = useMutation({
    // A rule that is switched off finds nothing: what is tried is the rule switched on.
    mutationFn: ({ kind, severity, params: { armed: _, ...params } }: Draft) =>
      hub.startBacktest(rule, Number(days), { kind, severity, params }),
    onMutate: (asked) => setTested(keyOf(asked, days)),
  });
  const { data, error } = useBacktest(start.data?.id ?? null);
  const fresh = draft !== null && tested === keyOf(draft, days);
  const shown = fresh && !start.isPending ? data : undefined;
  const lost = (shown?.result?.confirmed_lost.length ?? 0) > 0;
  useEffect(() => onLost(lost), [lost, onLost]);
  const running = fresh && (start.isPending || (shown && shown.status !== 'done' && !shown.code));
  const failed = start.error ?? error;
  return (
    <section className="backtest" aria-label={t('backtest.title')}>
      <div className="backtest-ask">
        <Choice
          label={t('backtest.over')}
          value={days}
          options={DAYS.map((id) => ({ id, label: t(`nuisance.days_${id}`) }))}
          onChange={setDays}
        />
        <Button
          data-action="backtest"
          isDisabled={draft === null || Boolean(running)}
          onPress={() => draft && start.mutate(draft)}
        >
          {t('backtest.try')}
        </Button>
      </div>
      {running && <Progress share={shown?.progress ?? 0} />}
      {fresh && failed && <p className="field-error">{problem(failed)}</p>}
      {shown?.code && <p className="field-error">{t('backtest.failed', { code: shown.code })}</p>}
      {shown?.result && <Answer result={shown.result} />}
      {tested !== '' && !fresh && <p className="hint">{t('backtest.stale')}</p>}
    </section>
  );
}

const keyOf = (draft: Draft, days: string): string => JSON.stringify([draft, days]);

function Progress({ share }: { share: number }) {
  const { t } = useTranslation();
  return (
    <ProgressBar className="progress" aria-label={t('backtest.title')} value={share * 100}>
      <span className="progress-bar">
        <span style={{ width: `${Math.max(2, share * 100)}%` }} />
      </span>
      <span className="muted">{t('unit.percent', { n: Math.round(share * 100) })}</span>
    </ProgressBar>
  );
}

function Answer({ result }: { result: NonNullable<Backtest['result']> }) {
  const { t } = useTranslation();
  const { vanish, confirmed_lost: lost } = result;
  const days = Object.entries(result.findings_per_day);
  const numbers = (nos: number[]) => nos.map((no) => `#${no}`).join(', ');
  return (
    <div className="backtest-answer" data-backtest="done" role="status">
      {lost.length > 0 && (
        <p className="backtest-lost">
          {t('backtest.lost', { count: lost.length, numbers: numbers(lost) })}
        </p>
      )}
      <p>{t('backtest.findings', { count: result.findings })}</p>
      {days.length > 0 && <PerDay days={days} />}
      <p>{t('backtest.appear', { count: result.appear })}</p>
      <p>
        {vanish.length === 0
          ? t('backtest.none_vanish')
          : t('backtest.vanish', { count: vanish.length, numbers: numbers(vanish) })}
      </p>
      {result.detections === 0 && <p className="hint">{t('backtest.no_data')}</p>}
    </div>
  );
}

function PerDay({ days }: { days: [day: string, findings: number][] }) {
  const most = Math.max(...days.map(([, n]) => n));
  return (
    <ul className="bars">
      {days.map(([day, n]) => (
        <li key={day}>
          <span>{day}</span>
          <span
            className="bar"
            style={{ '--share': `${(100 * n) / most}%` } as React.CSSProperties}
          />
          <span className="bar-n">{n}</span>
        </li>
      ))}
    </ul>
  );
}
