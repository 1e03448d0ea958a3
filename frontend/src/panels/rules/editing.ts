import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { hub } from '../../api/hub';
import type { Rule, RuleDraft } from '../../api/types';
import { useLive } from '../../state/live-store';
import { notify } from '../../state/view';
import { useProblem } from '../../ui/problem';

/** Make a rule of a geofence or its next version, and say that it is done. */
export function usePutRule(geofence: string) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const sector = useLive((state) => state.sector);
  return useMutation({
    mutationFn: (draft: RuleDraft) => hub.putRule(sector as string, geofence, draft),
    onSuccess: (rule: Rule) => {
      client.invalidateQueries({ queryKey: ['geofences'] });
      const off = rule.params.armed === false;
      notify({ kind: 'done', text: t(off ? 'rule.saved_off' : 'rule.saved', { name: rule.name }) });
    },
  });
}

/** Switch a rule off or on; a refusal is told as a notice. */
export function useArmRule(geofence: string) {
  const put = usePutRule(geofence);
  const problem = useProblem();
  return (rule: Rule, armed: boolean) => {
    const { armed: _, ...params } = rule.params;
    const { id, kind, severity, name } = rule;
    put.mutate(
      { id, kind, severity, name, params: armed ? params : { ...params, armed } },
      { onError: (error) => notify({ kind: 'error', text: problem(error) }, 12_000) },
    );
  };
}

/** End a rule of a geofence. */
export function useEndRule(geofence: string) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const sector = useLive((state) => state.sector);
  return useMutation({
    mutationFn: (rule: Rule) => hub.endRule(sector as string, geofence, rule.id),
    onSuccess: (_, rule) => {
      client.invalidateQueries({ queryKey: ['geofences'] });
      notify({ kind: 'done', text: t('rule.ended', { name: rule.name }) });
    },
  });
}
