import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/http';

/** Turns an error into a sentence: what is wrong and what to do. */
export function useProblem(): (error: unknown) => string {
  const { t, i18n } = useTranslation();
  return useCallback(
    (error: unknown) => {
      if (!(error instanceof ApiError)) return t('problem.unknown', { code: 'screen' });
      const key = `problem.${error.code}`;
      const params = { ...error.params, code: error.code };
      if (i18n.exists(key)) return t(key, params);
      return t(error.status === 403 ? 'problem.access.forbidden' : 'problem.unknown', params);
    },
    [t, i18n],
  );
}
