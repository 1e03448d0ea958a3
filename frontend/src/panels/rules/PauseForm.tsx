import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { hub } from '../../api/hub';
import { type Geofence, PAUSE_REASONS, type Pause } from '../../api/types';
import { localMoment } from '../../i18n/format';
import { useSpoken } from '../../i18n/spoken';
import { hubNow } from '../../state/clock';
import { useLive } from '../../state/live-store';
import { notify } from '../../state/view';
import { Button } from '../../ui/Button';
import { Choice } from '../../ui/Choice';
import { useProblem } from '../../ui/problem';

const HOURS = ['1', '4', '12', '24', '168'] as const;

/** Takes a zone or tripwire out of force; it returns by itself. */
export function PauseForm({ fence, onClose }: { fence: Geofence; onClose: () => void }) {
  const { t } = useTranslation();
  const problem = useProblem();
  const spoken = useSpoken();
  const client = useQueryClient();
  const sector = useLive((state) => state.sector);
  const [reason, setReason] = useState<Pause['reason']>('disarmed');
  const [hours, setHours] = useState<(typeof HOURS)[number]>('4');
  const until = hubNow() + Number(hours) * 3_600_000;
  const time = localMoment(until, hubNow(), spoken);
  const pause = useMutation({
    mutationFn: () =>
      hub.pauseGeofence(sector as string, fence.id, {
        reason,
        until: new Date(until).toISOString(),
      }),
    onSuccess: ({ pause: held }) => {
      client.invalidateQueries({ queryKey: ['geofences'] });
      const kept = localMoment(held ? Date.parse(held.until) : until, hubNow(), spoken);
      notify({ kind: 'done', text: t('pause.done', { name: fence.name, time: kept }) });
      onClose();
    },
  });
  return (
    <Form
      className="stack step-form"
      onSubmit={(event) => {
        event.preventDefault();
        pause.mutate();
      }}
    >
      <Choice
        label={t('pause.reason')}
        look="list"
        value={reason}
        options={PAUSE_REASONS.map((id) => ({ id, label: t(`pause.reason_${id}`) }))}
        onChange={setReason}
      />
      <Choice
        label={t('step.how_long')}
        value={hours}
        options={HOURS.map((id) => ({ id, label: t(`pause.hours_${id}`) }))}
        onChange={setHours}
      />
      {pause.error && (
        <p className="field-error" role="alert">
          {problem(pause.error)}
        </p>
      )}
      <p className="hint">{t('pause.effect', { time })}</p>
      <div className="dialog-actions">
        <Button onPress={onClose}>{t('action.cancel')}</Button>
        <Button type="submit" look="primary" isPending={pause.isPending}>
          {pause.isPending ? t('card.sending') : t('pause.submit')}
        </Button>
      </div>
    </Form>
  );
}
