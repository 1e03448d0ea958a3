import { useTranslation } from 'react-i18next';
import { dismiss, type Notice, useView } from '../state/view';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { IconButton } from '../ui/IconButton';
import { useUndo } from './actions';

/** What was just done, with its undo; or why it was not. */
export function Notices() {
  const notices = useView((view) => view.notices);
  return (
    <div className="notices" role="log" aria-live="polite">
      {notices.map((notice) => (
        <NoticeLine key={notice.id} notice={notice} />
      ))}
    </div>
  );
}

function NoticeLine({ notice }: { notice: Notice }) {
  const { t } = useTranslation();
  const undoing = useUndo();
  const { undo } = notice;
  return (
    <div className={`notice notice-${notice.kind}`}>
      <Icon name={notice.kind === 'error' ? 'warn' : 'check'} size={18} />
      <p>{notice.text}</p>
      {undo && (
        <Button
          isPending={undoing.isPending}
          onPress={() => undoing.mutate(undo, { onSuccess: () => dismiss(notice.id) })}
        >
          {t('action.undo')}
        </Button>
      )}
      <IconButton icon="close" label={t('action.close')} onPress={() => dismiss(notice.id)} />
    </div>
  );
}
