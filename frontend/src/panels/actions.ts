import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { hub, type Step } from '../api/hub';
import { forgetResolved } from '../api/queries';
import type { Incident, NewIncident } from '../api/types';
import { applyIncident, useLive } from '../state/live-store';
import { notify, select } from '../state/view';
import { useProblem } from '../ui/problem';

export interface Doing {
  id: string;
  verb: Step;
  said?: Record<string, unknown>;
}

/** What takes a step back: from the step and the incident that it gave. */
const UNDO: Partial<Record<Step, (doing: Doing, given: Incident) => Promise<Incident>>> = {
  acknowledge: ({ id }) => hub.step(id, 'hand_back'),
  dispatch: ({ id }) => hub.step(id, 'recall'),
  arrive: ({ id }) => hub.step(id, 'recall'),
  resolve: ({ id }) => hub.step(id, 'reopen'),
  merge: ({ id }) => hub.step(id, 'reopen'),
  snooze: ({ id }) => hub.step(id, 'wake'),
  link: ({ id, said }) => hub.step(id, 'unlink', said),
  unlink: ({ id, said }) => hub.step(id, 'link', said),
  split: ({ id }, given) => hub.step(given.id, 'merge', { into: id }),
};

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

/** Do something to an incident, say that it is done, and offer to take it back. */
export function useStep() {
  const { t } = useTranslation();
  const answer = useAnswer();
  return useMutation({
    mutationFn: ({ id, verb, said }: Doing) => hub.step(id, verb, said),
    onSuccess: (given: Incident, doing: Doing) => {
      answer.onSuccess(given);
      const before = useLive.getState().incidents.get(doing.id);
      const text = t(`done.${doing.verb}`, {
        no: before?.no ?? given.no,
        other: given.no,
        disposition: t(`disposition.${given.disposition ?? 'unknown'}`),
        patrol: given.patrol ?? '',
      });
      // A raise of what is in hand already was acknowledged: there is nothing to hand back.
      const fresh = doing.verb !== 'acknowledge' || given.status === 'acknowledged';
      const undo = fresh ? UNDO[doing.verb] : undefined;
      notify({ kind: 'done', text, ...(undo && { undo: () => undo(doing, given) }) }, 15_000);
      if (doing.verb === 'merge' || doing.verb === 'split') {
        select({ kind: 'incident', id: given.id });
      }
    },
    onError: answer.onError,
  });
}

export function useUndo() {
  const answer = useAnswer();
  return useMutation({ mutationFn: (undo: () => Promise<Incident>) => undo(), ...answer });
}

export function useMakeIncident() {
  const { t } = useTranslation();
  const answer = useAnswer();
  const sector = useLive((state) => state.sector);
  return useMutation({
    mutationFn: (made: NewIncident) => hub.makeIncident(sector as string, made),
    onSuccess: (incident: Incident) => {
      answer.onSuccess(incident);
      notify({ kind: 'done', text: t('make.done', { no: incident.no }) });
      select({ kind: 'incident', id: incident.id });
    },
  });
}
