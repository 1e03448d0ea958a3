import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './Button';
import { Icon, type IconName } from './Icon';
import { useProblem } from './problem';

/** Nothing to show, said in one sentence. */
export function Empty({ icon, children }: { icon: IconName; children: ReactNode }) {
  return (
    <div className="empty">
      <Icon name={icon} size={28} />
      <p>{children}</p>
    </div>
  );
}

/** What is wrong, and what to do about it. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const problem = useProblem();
  return (
    <div className="problem" role="alert">
      <Icon name="warn" />
      <p>{problem(error)}</p>
      {onRetry && <Button onPress={onRetry}>{t('action.retry')}</Button>}
    </div>
  );
}

/** Rows that are on their way. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div className="skeleton" role="status" aria-label={t('state.loading')}>
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike
        <div key={i} className="skeleton-row" />
      ))}
    </div>
  );
}
