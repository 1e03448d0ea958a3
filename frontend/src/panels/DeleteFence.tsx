import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/http';
import { hub } from '../api/hub';
import { useGeofences } from '../api/queries';
import type { Geofence, Rule } from '../api/types';
import { useLive } from '../state/live-store';
import { notify, select } from '../state/view';
import { Button } from '../ui/Button';
import { Choice } from '../ui/Choice';
import { Modal } from '../ui/Modal';
import { useProblem } from '../ui/problem';
import { Select } from '../ui/Select';

type Fate = 'end' | 'move';
type Named = Pick<Rule, 'id' | 'name' | 'kind'>;

/** Whether a rule of another shape tells of this one in its parameters. */
const names = (rule: Rule, geofence: string): boolean =>
  Object.values(rule.params).includes(geofence);

/** Deletes a zone or tripwire, once it is told what happens to the rules that need it. */
export function DeleteFence({ fence, onClose }: { fence: Geofence; onClose: () => void }) {
  const { t } = useTranslation();
  const problem = useProblem();
  const client = useQueryClient();
  const sector = useLive((state) => state.sector);
  const [fate, setFate] = useState<Fate | null>(null);
  const [moveTo, setMoveTo] = useState<string | null>(null);
  const { data: fences } = useGeofences();
  const remove = useMutation({
    mutationFn: () =>
      hub.deleteGeofence(sector as string, fence.id, {
        // Those that only name it cannot move; told both, they end.
        end: fate === 'end' || (fate === 'move' && others.length > 0),
        moveTo: fate === 'move' ? moveTo : null,
      }),
    onSuccess: () => {
      client.invalidateQueries({ queryKey: ['geofences'] });
      notify({ kind: 'done', text: t('zones.deleted', { name: fence.name }) });
      onClose();
      select(null);
    },
  });
  const inUse = remove.error instanceof ApiError && remove.error.code === 'geofence.in_use';
  const naming = (fences ?? []).flatMap((each) =>
    each.id === fence.id ? [] : each.rules.filter((rule) => names(rule, fence.id)),
  );
  // The hub knows best which they are, and refuses as long as one was left out.
  const needing: Named[] = inUse
    ? ((remove.error as ApiError).params.rules as Named[])
    : [...fence.rules, ...naming];
  const others = needing.filter(({ id }) => !fence.rules.some((rule) => rule.id === id));
  const decided = needing.length === 0 || fate === 'end' || (fate === 'move' && moveTo !== null);
  const told = (rule: Named) => `${rule.name} (${t(`rule_kind.${rule.kind}`)})`;
  const targets = (fences ?? []).filter(
    ({ id, kind, purpose }) => id !== fence.id && kind === fence.kind && purpose === 'alarm',
  );
  return (
    <Modal title={t('zones.delete_title', { name: fence.name })} isOpen onClose={onClose} alert>
      <p>{t('zones.delete_effect')}</p>
      {needing.length > 0 && (
        <>
          <div>
            <p>{t('zones.delete_needing')}</p>
            <ul className="plain-list">
              {needing.map((rule) => (
                <li key={rule.id}>{told(rule)}</li>
              ))}
            </ul>
          </div>
          <Choice
            label={t('zones.delete_fate')}
            look="list"
            value={fate}
            options={[
              { id: 'end', label: t('zones.fate_end') },
              ...(targets.length > 0 ? [{ id: 'move' as const, label: t('zones.fate_move') }] : []),
            ]}
            onChange={setFate}
          />
          {fate === 'move' && (
            <Select
              label={t('zones.move_to')}
              value={moveTo}
              options={targets.map(({ id, name }) => ({ id, name }))}
              onChange={setMoveTo}
            />
          )}
          {fate === 'move' && others.length > 0 && (
            <p className="hint">{t('zones.named_only', { names: others.map(told).join(', ') })}</p>
          )}
        </>
      )}
      {remove.error && !inUse && (
        <p className="field-error" role="alert">
          {problem(remove.error)}
        </p>
      )}
      <div className="dialog-actions">
        <Button onPress={onClose} autoFocus>
          {t('action.cancel')}
        </Button>
        <Button
          look="danger"
          isDisabled={!decided}
          isPending={remove.isPending}
          onPress={() => remove.mutate()}
        >
          {remove.isPending ? t('card.sending') : t('action.delete')}
        </Button>
      </div>
    </Modal>
  );
}
