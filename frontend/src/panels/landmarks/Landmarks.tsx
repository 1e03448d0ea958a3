import { type KeyboardEvent, useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSectors } from '../../api/queries';
import { useLive } from '../../state/live-store';
import { Button } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { Kbd } from '../../ui/Kbd';
import { Modal } from '../../ui/Modal';
import { Empty } from '../../ui/States';
import { LandmarkFile } from './LandmarkFile';
import { LandmarkList } from './LandmarkList';
import { LandmarkMap } from './LandmarkMap';
import './landmarks.css';
import { PicturePoints } from './PicturePoints';
import {
  isUnsaved,
  LEAST,
  LEAST_FOCAL,
  NO_PAIRS,
  nextNo,
  type Point,
  reducePairing,
} from './pairing';
import { useStill } from './still';

/** Tells a camera's calibration where landmarks are in its picture and on the map. */
export default function Landmarks({ sensor, onClose }: { sensor: string; onClose: () => void }) {
  const { t } = useTranslation();
  const camera = useLive((state) => state.sensors.get(sensor));
  const watched = useLive((state) => state.sector);
  const sector = useSectors().data?.find(({ id }) => id === watched);
  const { picture, size, state, again } = useStill(sensor);
  const [pairing, tell] = useReducer(reducePairing, NO_PAIRS);
  const [leaving, setLeaving] = useState(false);
  const body = useRef<HTMLDivElement>(null);
  const { landmarks, waiting } = pairing;
  const unsaved = isUnsaved(pairing);
  const name = camera?.name ?? sensor;
  const no = nextNo(pairing);

  const focus = useCallback(
    (what: '.landmark-picture' | '.maplibregl-canvas') =>
      body.current?.querySelector<HTMLElement>(what)?.focus(),
    [],
  );
  const shown = picture !== null;
  useEffect(() => {
    if (shown) focus('.landmark-picture');
  }, [shown, focus]);
  // Where the focus was may be gone, with a landmark or with the last thing to undo.
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever something has changed
  useEffect(() => {
    const held = document.activeElement;
    if (held?.matches(':disabled') || !body.current?.contains(held)) focus('.landmark-picture');
  }, [pairing]);
  useWarning(unsaved);

  const see = (at: Point, done: boolean) => {
    tell({ type: 'see', at });
    if (done) focus('.maplibregl-canvas');
  };
  const place = (lon: number, lat: number) => {
    tell({ type: 'place', lon, lat, name: t('landmarks.nth', { no }) });
    focus('.landmark-picture');
  };
  const keys = (event: KeyboardEvent) => {
    const typing = (event.target as HTMLElement).closest('input') !== null;
    if (event.key === 'Escape' && waiting) tell({ type: 'forget' });
    else if (event.key === 'Backspace' && !typing) tell({ type: 'undo' });
    else return;
    // Else Escape would close the dialog, too.
    event.stopPropagation();
    event.preventDefault();
  };

  return (
    <Modal
      title={t('landmarks.title', { name })}
      isOpen
      onClose={() => (unsaved ? setLeaving(true) : onClose())}
      size="full"
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of all that is in it */}
      <div className="landmarks" ref={body} onKeyDown={keys}>
        <p className="landmark-step" role="status">
          {waiting ? t('landmarks.step_map', { no }) : t('landmarks.step_picture', { no })}
        </p>
        {picture ? (
          <PicturePoints
            picture={picture}
            label={t('landmarks.picture', { name })}
            landmarks={landmarks}
            waiting={waiting}
            no={no}
            onSee={see}
          />
        ) : (
          <div className="picture landmark-none">
            {state === 'ended' ? (
              <Empty icon="camera">{t('footage.ended')}</Empty>
            ) : (
              <p role="status">{t('footage.coming')}</p>
            )}
          </div>
        )}
        <div className="landmark-map">
          {sector && (
            <LandmarkMap
              sector={sector}
              camera={camera}
              landmarks={landmarks}
              waits={waiting !== null}
              onPlace={place}
            />
          )}
        </div>
        <div className="landmark-pane">
          <div className="landmark-tools">
            <Button data-action="new-picture" onPress={again} isPending={state === 'coming'}>
              <Icon name="camera" size={16} />{' '}
              {t(state === 'ended' ? 'action.retry' : 'landmarks.new_picture')}
            </Button>
            <Button
              data-action="undo"
              isDisabled={pairing.before.length === 0}
              onPress={() => tell({ type: 'undo' })}
            >
              {t('action.undo')} <Kbd>⌫</Kbd>
            </Button>
            <p className="hint landmark-keys">{t('landmarks.keys')}</p>
            <p className="hint landmark-finger">{t('landmarks.finger')}</p>
          </div>
          {picture && state === 'ended' && (
            <p className="field-error" role="alert">
              {t('footage.ended')}
            </p>
          )}
          <p role="status">
            <strong>{t('landmarks.count', { count: landmarks.length })}</strong>{' '}
            {t('landmarks.need', { least: LEAST, focal: LEAST_FOCAL })}
          </p>
          {size && <LandmarkList landmarks={landmarks} size={size} tell={tell} />}
        </div>
        <LandmarkFile
          sensor={sensor}
          landmarks={landmarks}
          size={size}
          onSaved={() => tell({ type: 'saved' })}
        />
      </div>
      <Modal
        title={t('landmarks.leave_title')}
        isOpen={leaving}
        onClose={() => setLeaving(false)}
        alert
      >
        <p>{t('landmarks.leave', { count: landmarks.length })}</p>
        <div className="dialog-actions">
          <Button onPress={() => setLeaving(false)} autoFocus>
            {t('landmarks.stay')}
          </Button>
          <Button data-action="discard" look="danger" onPress={onClose}>
            {t('landmarks.discard')}
          </Button>
        </div>
      </Modal>
    </Modal>
  );
}

/** The browser asks before it leaves the page. */
function useWarning(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [unsaved]);
}
