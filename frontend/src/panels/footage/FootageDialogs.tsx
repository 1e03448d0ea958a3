import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { pictures } from '../../api/hub';
import { useFootage } from '../../api/queries';
import type { Footage } from '../../api/types';
import { localMoment, utcTime } from '../../i18n/format';
import { useSpoken } from '../../i18n/spoken';
import { useNow } from '../../state/clock';
import { useLive } from '../../state/live-store';
import { ask, type FootageDialog } from '../../state/view';
import { Modal } from '../../ui/Modal';
import { Empty, Skeleton } from '../../ui/States';
import { Facts } from '../Card';
import { AskFootage } from './AskFootage';
import { LivePicture } from './LivePicture';
import { Snapshot } from './Snapshot';

// With the map, which comes after the page.
const Landmarks = lazy(() => import('../landmarks/Landmarks'));

const close = () => ask(null);

/** Pictures over the console: a live one, a piece that was kept, or the question for another. */
export function FootageDialogs({ dialog }: { dialog: FootageDialog }) {
  const { t } = useTranslation();
  if (dialog.kind === 'live') return <Live sensor={dialog.sensor} why={dialog.why} />;
  if (dialog.kind === 'ask_footage') {
    return (
      <Modal title={t('footage.ask_title')} isOpen onClose={close}>
        <AskFootage incident={dialog.incident} onClose={close} />
      </Modal>
    );
  }
  return <Kept incident={dialog.incident} id={dialog.piece} />;
}

function Live({ sensor, why }: { sensor: string; why: string }) {
  const { t } = useTranslation();
  const name = useLive((state) => state.sensors.get(sensor)?.name ?? sensor);
  const [landmarks, setLandmarks] = useState(false);
  return (
    <Modal title={t('footage.live_of', { name })} isOpen onClose={close} size="wide">
      <LivePicture
        sensor={sensor}
        why={why}
        paused={landmarks}
        onLandmarks={() => setLandmarks(true)}
      />
      {landmarks && (
        <Suspense>
          <Landmarks sensor={sensor} onClose={() => setLandmarks(false)} />
        </Suspense>
      )}
    </Modal>
  );
}

function Kept({ incident, id }: { incident: string; id: string }) {
  const { t } = useTranslation();
  const { data } = useFootage(incident, undefined);
  const piece = data?.find((each) => each.id === id);
  return (
    <Modal
      title={piece ? t(`footage.${piece.kind}`) : t('footage.title')}
      isOpen
      onClose={close}
      size="wide"
    >
      {!data ? (
        <Skeleton rows={4} />
      ) : piece?.state === 'kept' ? (
        <Shown piece={piece} />
      ) : (
        <Empty icon="camera">{t('footage.gone')}</Empty>
      )}
    </Modal>
  );
}

function Shown({ piece }: { piece: Footage }) {
  const { t } = useTranslation();
  const now = useNow();
  const spoken = useSpoken();
  const name = useLive((state) => state.sensors.get(piece.sensor)?.name ?? piece.sensor);
  const from = Date.parse(piece.first_at ?? piece.from);
  return (
    <>
      {piece.kind === 'snapshot' ? (
        <Snapshot piece={piece} alt={t('footage.snapshot_of', { name, at: utcTime(from) })} />
      ) : (
        <video className="picture" src={pictures.footage(piece.id)} controls autoPlay loop muted />
      )}
      <Facts
        facts={[
          [t('footage.camera'), name],
          [
            t('footage.taken'),
            <>
              {localMoment(from, now, spoken)} <span className="muted">{utcTime(from)}</span>
            </>,
          ],
          [
            t('footage.asked_by'),
            piece.asked_by ? `${piece.asked_by}: ${piece.reason}` : t('footage.by_incident'),
          ],
          [t('footage.expires'), localMoment(Date.parse(piece.expires_at), now, spoken)],
          ['SHA-256', <code key="hash">{piece.sha256}</code>],
        ]}
      />
      <p className="hint">{t('footage.nobody')}</p>
    </>
  );
}
