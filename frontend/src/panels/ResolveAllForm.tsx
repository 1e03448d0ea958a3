import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { hub } from '../api/hub';
import type { Disposition } from '../api/types';
import { useLive } from '../state/live-store';
import { notify } from '../state/view';
import { Button } from '../ui/Button';
import { useProblem } from '../ui/problem';
import { NoteField } from './forms';
import { DispositionChoice } from './ResolveForm';

/** Asks what a whole group of alarms was before they leave the queue. */
export function ResolveAllForm({ ids, onClose }: { ids: string[]; onClose: () => void }) {
  const { t } = useTranslation();
  const problem = useProblem();
  const client = useQueryClient();
  const sector = useLive((state) => state.sector);
  const [disposition, setDisposition] = useState<Disposition | null>(null);
  const [note, setNote] = useState('');
  const resolve = useMutation({
    mutationFn: () =>
      hub.resolveAll(sector as string, ids, disposition as Disposition, note.trim()),
    onSuccess: ({ resolved, refused }) => {
      client.invalidateQueries({ queryKey: ['nuisance'] });
      client.invalidateQueries({ queryKey: ['resolved'] });
      const left = Object.keys(refused).length;
      notify({ kind: 'done', text: t('nuisance.resolved', { count: resolved, left }) });
      onClose();
    },
  });
  return (
    <Form
      className="stack step-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (disposition) resolve.mutate();
      }}
    >
      <DispositionChoice value={disposition} onChange={setDisposition} />
      <NoteField value={note} onChange={setNote} />
      {resolve.isError && (
        <p className="field-error" role="alert">
          {problem(resolve.error)}
        </p>
      )}
      <p className="hint">{t('nuisance.resolve_effect', { count: ids.length })}</p>
      <div className="dialog-actions">
        <Button onPress={onClose}>{t('action.cancel')}</Button>
        <Button
          type="submit"
          look="primary"
          isDisabled={!disposition}
          isPending={resolve.isPending}
        >
          {resolve.isPending ? t('card.sending') : t('action.resolve')}
        </Button>
      </div>
    </Form>
  );
}
