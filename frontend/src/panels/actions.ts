import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { hub } from '../api/hub';
import { forgetResolved } from '../api/queries';
import type { Disposition, Incident } from '../api/types';
import { applyIncident } from '../state/live-store';
import { notify } from '../state/view';
import { useProblem } from '../ui/problem';

function useAnswer() {
  const problem = useProblem();
  return {
    // What is shown changes only when the hub has really taken it.
    onSuccess: (incident: Incident) => {
      applyIncident(incident);
      forgetResolved(incident);
    },
    onError: (error: unknown) => notify({ kind: 'error', text: problem(error) }, 12_000),
  };
}

export function useAcknowledge() {
  const answer = useAnswer();
  return useMutation({ mutationFn: (id: string) => hub.acknowledge(id), ...answer });
}

export function useReopen() {
  const answer = useAnswer();
  return useMutation({ mutationFn: (id: string) => hub.reopen(id), ...answer });
}

export interface Resolution {
  id: string;
  disposition: Disposition;
  note: string;
}

export function useResolve() {
  const { t } = useTranslation();
  const answer = useAnswer();
  return useMutation({
    mutationFn: ({ id, disposition, note }: Resolution) => hub.resolve(id, disposition, note),
    onSuccess: (incident: Incident) => {
      answer.onSuccess(incident);
      notify(
        {
          kind: 'resolved',
          text: t('resolve.done', {
            no: incident.no,
            disposition: t(`disposition.${incident.disposition ?? 'unknown'}`),
          }),
          undo: incident,
        },
        15_000,
      );
    },
    onError: answer.onError,
  });
}
