import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { I18nProvider } from 'react-aria-components';
import { ApiError, onApiError } from './api/http';
import { useMe } from './api/queries';
import { ChangePassword } from './panels/ChangePassword';
import { Console } from './panels/Console';
import { Brand, Login } from './panels/Login';
import { usePrefs } from './state/prefs';
import { Problem } from './ui/States';

/** The gate: nobody, somebody with a one-time password, or somebody at work. */
export function App() {
  const language = usePrefs((prefs) => prefs.language);
  return (
    <I18nProvider locale={language}>
      <Gate />
    </I18nProvider>
  );
}

function Gate() {
  const client = useQueryClient();
  const { data: me, error, isPending, refetch } = useMe();

  useEffect(
    () =>
      onApiError((refused) => {
        const again = refused.code === 'session.missing' || refused.code === 'password.must_change';
        // Ask who we are; `me` itself being refused is the answer already.
        if (again && client.getQueryState(['me'])?.status === 'success') {
          client.resetQueries({ queryKey: ['me'] });
        }
      }),
    [client],
  );

  if (isPending) {
    return (
      <main className="gate" aria-busy="true">
        <Brand />
      </main>
    );
  }
  if (error instanceof ApiError && error.status === 401) return <Login />;
  // A hub that is away for a moment must not take the picture off the screen.
  if (!me) {
    return (
      <main className="gate">
        <Problem error={error} onRetry={refetch} />
      </main>
    );
  }
  if (me.must_change) {
    return (
      <main className="gate">
        <ChangePassword must />
      </main>
    );
  }
  return <Console me={me} />;
}
