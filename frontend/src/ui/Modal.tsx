import type { ReactNode } from 'react';
import { Modal as AriaModal, Dialog, Heading, ModalOverlay } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { IconButton } from './IconButton';

interface Props {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
  alert?: boolean;
  /** `wide`: for pictures; `full`: all of the screen, for work on it. */
  size?: 'plain' | 'wide' | 'full';
}

export function Modal(props: Props) {
  const { title, isOpen, onClose, children, alert = false, size = 'plain' } = props;
  const { t } = useTranslation();
  return (
    <ModalOverlay
      className="scrim"
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose()}
      isDismissable
    >
      <AriaModal className={`modal modal-${size}`}>
        <Dialog className="dialog" role={alert ? 'alertdialog' : 'dialog'}>
          <header className="dialog-head">
            <Heading slot="title">{title}</Heading>
            <IconButton icon="close" label={t('action.close')} onPress={onClose} />
          </header>
          {children}
        </Dialog>
      </AriaModal>
    </ModalOverlay>
  );
}
