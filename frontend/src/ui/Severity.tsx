import { useTranslation } from 'react-i18next';
import type { Severity } from '../api/types';

interface Props {
  severity: Severity;
  lifeAtRisk?: boolean;
  size?: number;
}

const SHAPES: Record<Severity, string> = {
  low: 'M2 4h16L10 18z',
  medium: 'M10 1.5 18.5 10 10 18.5 1.5 10z',
  high: 'M10 2l8.5 15h-17z',
  very_high: 'M10 2l8.5 15h-17z',
};

/** Severity as a shape, of which only the worst is filled; `SeverityTag` adds the word. */
export function SeverityMark({ severity, lifeAtRisk = false, size = 18 }: Props) {
  if (lifeAtRisk) {
    return (
      <svg className="mark mark-life" viewBox="0 0 20 20" width={size} height={size} aria-hidden>
        <rect x="1" y="1" width="18" height="18" rx="3.5" />
        <path d="M10 5v10M5 10h10" />
      </svg>
    );
  }
  return (
    <svg
      className={`mark mark-${severity}`}
      viewBox="0 0 20 20"
      width={size}
      height={size}
      aria-hidden
    >
      <path d={SHAPES[severity]} />
    </svg>
  );
}

export function SeverityTag(props: Props) {
  const { t } = useTranslation();
  const { severity, lifeAtRisk } = props;
  return (
    <span className={`severity severity-${lifeAtRisk ? 'life' : severity}`}>
      <SeverityMark {...props} />
      {t(lifeAtRisk ? 'severity.life' : `severity.${severity}`)}
    </span>
  );
}
