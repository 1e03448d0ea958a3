import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { hub } from '../api/hub';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import { useProblem } from '../ui/problem';
import { Brand } from './Login';

const MIN_LENGTH = 12;

/** `must`: the password in use was a one-time one, and nothing else is possible before. */
export function ChangePassword({ must, onDone }: { must?: boolean; onDone?: () => void }) {
  const { t } = useTranslation();
  const problem = useProblem();
  const client = useQueryClient();
  const [old, setOld] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const [tried, setTried] = useState(false);
  const short = fresh.length < MIN_LENGTH;
  const differ = fresh !== again;
  const change = useMutation({
    mutationFn: () => hub.changePassword(old, fresh),
    onSuccess: () => {
      onDone?.();
      if (must) client.resetQueries();
    },
  });
  return (
    <Form
      className={must ? 'gate-card' : 'stack'}
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (!short && !differ) change.mutate();
      }}
    >
      {must && (
        <>
          <Brand />
          <h1>{t('password.title')}</h1>
          <p className="muted">{t('password.must')}</p>
        </>
      )}
      <Field
        label={t('password.old')}
        type="password"
        value={old}
        onChange={setOld}
        autoComplete="current-password"
        isRequired
        autoFocus
      />
      <Field
        label={t('password.new')}
        type="password"
        value={fresh}
        onChange={setFresh}
        autoComplete="new-password"
        hint={t('password.hint')}
        error={tried && short ? t('password.short') : null}
        isRequired
      />
      <Field
        label={t('password.again')}
        type="password"
        value={again}
        onChange={setAgain}
        autoComplete="new-password"
        error={tried && !short && differ ? t('password.differ') : null}
        isRequired
      />
      {change.error && (
        <p className="field-error" role="alert">
          {problem(change.error)}
        </p>
      )}
      <Button type="submit" look="primary" wide isPending={change.isPending}>
        {t('password.submit')}
      </Button>
    </Form>
  );
}
