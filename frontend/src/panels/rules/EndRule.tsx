import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Rule } from '../../api/types';
import { Button } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { Modal } from '../../ui/Modal';
import { useProblem } from '../../ui/problem';
import { useEndRule } from './editing';

/** Ends a rule once its effect has been read. */
export function EndRule({
  fence,
  rule,
  onEnded,
}: {
  fence: string;
  rule: Rule;
  onEnded: () => void;
}) {
  const { t } = useTranslation();
  const problem = useProblem();
  const [asking, setAsking] = useState(false);
  const end = useEndRule(fence);
  return (
    <>
      <Button look="danger" data-action="end_rule" onPress={() => setAsking(true)}>
        <Icon name="bin" size={16} /> {t('rule.end')}…
      </Button>
      <Modal
        title={t('rule.end_title', { name: rule.name })}
        isOpen={asking}
        onClose={() => setAsking(false)}
        alert
      >
        <p>{t('rule.end_effect')}</p>
        {end.error && (
          <p className="field-error" role="alert">
            {problem(end.error)}
          </p>
        )}
        <div className="dialog-actions">
          <Button onPress={() => setAsking(false)} autoFocus>
            {t('action.cancel')}
          </Button>
          <Button
            look="danger"
            isPending={end.isPending}
            onPress={() => end.mutate(rule, { onSuccess: onEnded })}
          >
            {end.isPending ? t('card.sending') : t('rule.end')}
          </Button>
        </div>
      </Modal>
    </>
  );
}
