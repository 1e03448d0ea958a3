import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { hub } from '../api/hub';
import { SEVERITIES, type Severity } from '../api/types';
import { compass } from '../i18n/format';
import { type Draft, geometryOf, requestOf } from '../map/tools/draft';
import { stopDrawing, tellDraft } from '../map/tools/draft-store';
import { useLive } from '../state/live-store';
import { notify, select } from '../state/view';
import { Button } from '../ui/Button';
import { Check } from '../ui/Check';
import { Choice } from '../ui/Choice';
import { Field } from '../ui/Field';
import { useProblem } from '../ui/problem';
import { SeverityMark } from '../ui/Severity';
import { acrossDeg } from './directions';

/** Name and alarms of a shape that has been drawn. */
export function DraftForm({ draft }: { draft: Draft }) {
  const { t } = useTranslation();
  const problem = useProblem();
  const client = useQueryClient();
  const sector = useLive((state) => state.sector);
  const [name, setName] = useState('');
  const [severity, setSeverity] = useState<Severity>('medium');
  const [onEnter, setOnEnter] = useState(true);
  const [onExit, setOnExit] = useState(false);
  const [tried, setTried] = useState(false);
  const noName = name.trim() === '';
  const noRule = draft.kind === 'area' && !onEnter && !onExit;
  const save = useMutation({
    mutationFn: () =>
      hub.createGeofence(sector as string, requestOf(draft, { name, severity, onEnter, onExit })),
    onSuccess: (fence) => {
      stopDrawing();
      client.invalidateQueries({ queryKey: ['geofences'] });
      notify({ kind: 'done', text: t('zones.saved', { name: fence.name }) });
      select({ kind: 'geofence', id: fence.id });
    },
  });
  return (
    <Form
      className="draft-form"
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (!noName && !noRule) save.mutate();
      }}
    >
      <Field
        label={t('draw.name')}
        value={name}
        onChange={setName}
        maxLength={128}
        error={tried && noName ? t('draw.name_missing') : null}
        autoFocus
      />
      <Choice
        label={t('draw.severity')}
        look="list"
        value={severity}
        options={SEVERITIES.map((each) => ({
          id: each,
          label: (
            <>
              <SeverityMark severity={each} /> {t(`severity.${each}`)}
            </>
          ),
        }))}
        onChange={setSeverity}
      />
      {draft.kind === 'line' ? (
        <DirectionChoice draft={draft} />
      ) : (
        <fieldset className="plain-fieldset">
          <legend className="label">{t('draw.when')}</legend>
          <Check isSelected={onEnter} onChange={setOnEnter}>
            {t('rule_kind.enter')}
          </Check>
          <Check isSelected={onExit} onChange={setOnExit}>
            {t('rule_kind.exit')}
          </Check>
          {tried && noRule && <p className="field-error">{t('draw.when_missing')}</p>}
        </fieldset>
      )}
      {save.error && (
        <p className="field-error" role="alert">
          {problem(save.error)}
        </p>
      )}
      <div className="dialog-actions">
        <Button onPress={stopDrawing}>{t('action.cancel')}</Button>
        <Button onPress={() => tellDraft({ type: 'undo' })}>{t('draw.more')}</Button>
        <Button type="submit" look="primary" isPending={save.isPending}>
          {save.isPending ? t('card.sending') : t('draw.save')}
        </Button>
      </div>
    </Form>
  );
}

function DirectionChoice({ draft }: { draft: Draft }) {
  const { t } = useTranslation();
  const line = geometryOf(draft);
  if (line.type !== 'LineString') return null;
  const towards = (direction: 'left_to_right' | 'right_to_left') =>
    t('draw.towards', { compass: t(`compass.${compass(acrossDeg(line, direction))}`) });
  return (
    <Choice
      label={t('draw.direction')}
      look="list"
      value={draft.direction}
      options={[
        { id: 'both', label: t('zones.both') },
        { id: 'left_to_right', label: towards('left_to_right') },
        { id: 'right_to_left', label: towards('right_to_left') },
      ]}
      onChange={(direction) => tellDraft({ type: 'direction', direction })}
    />
  );
}
