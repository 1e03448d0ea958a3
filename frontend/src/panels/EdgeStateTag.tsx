import { useTranslation } from 'react-i18next';
import type { EdgeState } from '../api/types';

const LOOK = {
  connected: 'ok',
  silent: 'warn',
  offline: 'bad',
  off: 'warn',
  never_heard: 'warn',
} as const satisfies Record<EdgeState, string>;

export function EdgeStateTag({ state }: { state: EdgeState }) {
  const { t } = useTranslation();
  return <span className={`tag state-${LOOK[state]}`}>{t(`edge_state.${state}`)}</span>;
}
