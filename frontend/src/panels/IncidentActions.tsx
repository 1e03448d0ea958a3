import { useTranslation } from 'react-i18next';
import type { Incident } from '../api/types';
import { useView } from '../state/view';
import { Button } from '../ui/Button';
import { Kbd } from '../ui/Kbd';
import { useAcknowledge, useReopen } from './actions';

/** What a person can do: take it, say what it was, or take that back. */
export function IncidentActions({ incident }: { incident: Incident }) {
  const { t } = useTranslation();
  const acknowledge = useAcknowledge();
  const reopen = useReopen();
  if (incident.status === 'resolved') {
    return (
      <footer className="card-actions">
        <Button
          wide
          data-action="reopen"
          isPending={reopen.isPending}
          onPress={() => reopen.mutate(incident.id)}
        >
          {reopen.isPending ? t('card.sending') : t('action.reopen')}
        </Button>
      </footer>
    );
  }
  const fresh = incident.status === 'new';
  return (
    <footer className="card-actions">
      {fresh && (
        <Button
          look="primary"
          wide
          data-action="acknowledge"
          isPending={acknowledge.isPending}
          onPress={() => acknowledge.mutate(incident.id)}
        >
          {acknowledge.isPending ? (
            t('card.sending')
          ) : (
            <>
              {t('action.acknowledge')} <Kbd>A</Kbd>
            </>
          )}
        </Button>
      )}
      <Button
        look={fresh ? 'plain' : 'primary'}
        wide
        data-action="resolve"
        onPress={() => useView.setState({ resolving: incident.id })}
      >
        {t('action.resolve')}… <Kbd>R</Kbd>
      </Button>
    </footer>
  );
}
