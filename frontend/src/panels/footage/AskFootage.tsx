import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { hub } from '../../api/hub';
import { queryClient } from '../../api/queries';
import type { Footage } from '../../api/types';
import { useLive } from '../../state/live-store';
import { Button } from '../../ui/Button';
import { Choice } from '../../ui/Choice';
import { Field } from '../../ui/Field';
import { useProblem } from '../../ui/problem';
import { Select } from '../../ui/Select';
import { Empty } from '../../ui/States';
import { bestCamera, isCamera } from './best';

const LEAST_REASON = 10;
const MOST_REASON = 500;
const MOMENTS = ['opened', 'now'] as const;
const BEFORE_MS = 10_000;
const AFTER_MS = 20_000;

/** Asks a camera for a picture or a clip around an incident, with a reason that is kept. */
export function AskFootage({ incident, onClose }: { incident: string; onClose: () => void }) {
  const { t } = useTranslation();
  const problem = useProblem();
  const about = useLive((state) => state.incidents.get(incident));
  const sensors = useLive((state) => state.sensors);
  const cameras = [...sensors.values()].filter(isCamera);
  const best = about ? bestCamera(cameras, about) : null;
  const [sensor, setSensor] = useState<string | null>(best?.id ?? cameras[0]?.id ?? null);
  const [kind, setKind] = useState<Footage['kind']>('clip');
  const [moment, setMoment] = useState<(typeof MOMENTS)[number]>(about ? 'opened' : 'now');
  const [reason, setReason] = useState('');
  const asking = useMutation({
    mutationFn: () => {
      const opened = about ? Date.parse(about.opened_at) : Date.now();
      const at = moment === 'opened' ? opened : Date.now();
      const [before, after] = kind === 'clip' ? [BEFORE_MS, AFTER_MS] : [0, 0];
      return hub.askFootage({
        sensor: sensor as string,
        kind,
        from: new Date(at - before).toISOString(),
        until: new Date(at + after).toISOString(),
        incident,
        reason: reason.trim(),
      });
    },
    onSuccess: () => {
      queryClient.invalidateQueries({ queryKey: ['footage', incident] });
      onClose();
    },
  });
  if (cameras.length === 0) return <Empty icon="camera">{t('footage.no_cameras')}</Empty>;
  const missing = !sensor || reason.trim().length < LEAST_REASON;
  return (
    <Form
      className="stack step-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (!missing) asking.mutate();
      }}
    >
      <Select
        label={t('footage.camera')}
        value={sensor}
        options={cameras.map((each) => ({ id: each.id, name: each.name }))}
        onChange={setSensor}
      />
      <Choice<Footage['kind']>
        label={t('footage.what')}
        value={kind}
        options={(['clip', 'snapshot'] as const).map((id) => ({ id, label: t(`footage.${id}`) }))}
        onChange={setKind}
      />
      <Choice<(typeof MOMENTS)[number]>
        label={t('footage.when')}
        value={moment}
        options={MOMENTS.map((id) => ({ id, label: t(`footage.moment_${id}`) }))}
        onChange={setMoment}
      />
      <Field
        label={t('step.reason')}
        hint={t('footage.reason_hint')}
        maxLength={MOST_REASON}
        value={reason}
        onChange={setReason}
        autoFocus
      />
      {asking.isError && (
        <p className="field-error" role="alert">
          {problem(asking.error)}
        </p>
      )}
      <p className="hint">{t('footage.effect')}</p>
      <div className="dialog-actions">
        <Button onPress={onClose}>{t('action.cancel')}</Button>
        <Button type="submit" look="primary" isDisabled={missing} isPending={asking.isPending}>
          {asking.isPending ? t('card.sending') : t('footage.ask')}
        </Button>
      </div>
    </Form>
  );
}
