import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { SEVERITIES, type Severity, SOURCES, type Source } from '../api/types';
import { Button } from '../ui/Button';
import { Check } from '../ui/Check';
import { Choice } from '../ui/Choice';
import { Field } from '../ui/Field';
import { useProblem } from '../ui/problem';
import { SeverityMark } from '../ui/Severity';
import { useMakeIncident } from './actions';
import { parseCoordinates } from './find';
import { NoteField } from './forms';

interface Props {
  place: { lon: number; lat: number } | null;
  onClose: () => void;
}

/** An alarm by hand: who told of what, where, and how bad it is. */
export function MakeForm({ place, onClose }: Props) {
  const { t } = useTranslation();
  const problem = useProblem();
  const [source, setSource] = useState<Source>('phone');
  const [title, setTitle] = useState('');
  const [where, setWhere] = useState(
    place ? `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)}` : '',
  );
  const [severity, setSeverity] = useState<Severity>('medium');
  const [lifeAtRisk, setLifeAtRisk] = useState(false);
  const [note, setNote] = useState('');
  const [tried, setTried] = useState(false);
  const make = useMakeIncident();
  const at = parseCoordinates(where);
  const name = title.trim();
  return (
    <Form
      className="stack step-form"
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (!at || !name) return;
        const said = note.trim() ? { note: note.trim() } : {};
        make.mutate(
          { source, title: name, severity, life_at_risk: lifeAtRisk, ...at, ...said },
          { onSuccess: onClose },
        );
      }}
    >
      <Choice
        label={t('make.source')}
        look="list"
        value={source}
        options={SOURCES.map((each) => ({ id: each, label: t(`source.${each}`) }))}
        onChange={setSource}
      />
      <Field
        label={t('make.what')}
        maxLength={128}
        value={title}
        onChange={setTitle}
        error={tried && !name ? t('make.what_missing') : null}
        autoFocus
        data-field="title"
      />
      <Field
        label={t('make.where')}
        hint={t('make.where_hint')}
        value={where}
        onChange={setWhere}
        error={tried && !at ? t('make.where_wrong') : null}
        data-field="where"
      />
      <Choice
        label={t('make.severity')}
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
      <Check isSelected={lifeAtRisk} onChange={setLifeAtRisk}>
        <SeverityMark severity="very_high" lifeAtRisk /> {t('severity.life')}
      </Check>
      <NoteField value={note} onChange={setNote} />
      {make.isError && (
        <p className="field-error" role="alert">
          {problem(make.error)}
        </p>
      )}
      <p className="hint">{t('make.effect')}</p>
      <div className="dialog-actions">
        <Button onPress={onClose}>{t('action.cancel')}</Button>
        <Button type="submit" look="primary" isPending={make.isPending}>
          {make.isPending ? t('card.sending') : t('make.submit')}
        </Button>
      </div>
    </Form>
  );
}
