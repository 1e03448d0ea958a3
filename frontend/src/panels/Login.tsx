import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { hub } from '../api/hub';
import { Button } from '../ui/Button';
import { Field } from '../ui/Field';
import { useProblem } from '../ui/problem';
import { LanguageSelect } from './LanguageSelect';

export function Login() {
  const { t } = useTranslation();
  const problem = useProblem();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({
    mutationFn: () => hub.login(name.trim(), password),
    onSuccess: () => client.resetQueries(),
  });
  return (
    <main className="gate">
      <Form
        className="gate-card"
        onSubmit={(event) => {
          event.preventDefault();
          login.mutate();
        }}
      >
        <div className="gate-head">
          <Brand />
          <LanguageSelect />
        </div>
        <h1 className="visually-hidden">{t('login.title')}</h1>
        <Field
          label={t('login.name')}
          value={name}
          onChange={setName}
          autoComplete="username"
          isRequired
          autoFocus
        />
        <Field
          label={t('login.password')}
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
          isRequired
        />
        {login.error && (
          <p className="field-error" role="alert">
            {problem(login.error)}
          </p>
        )}
        <Button type="submit" look="primary" wide isPending={login.isPending}>
          {t('login.submit')}
        </Button>
        <p className="hint">{t('login.first')}</p>
      </Form>
    </main>
  );
}

export function Brand() {
  return (
    <span className="brand">
      <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
        <path className="brand-line" d="M3 22c5-6 8 3 13-3s6-6 13-7" />
        <path className="brand-mark" d="M16 4l5.5 9h-11z" />
      </svg>
      Watchline
    </span>
  );
}
