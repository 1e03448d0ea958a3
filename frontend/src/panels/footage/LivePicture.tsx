import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { pictures } from '../../api/hub';
import { useLive } from '../../state/live-store';
import { Button } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { Empty } from '../../ui/States';
import { SensorStateTag } from '../SensorStateTag';

interface Props {
  sensor: string;
  why: string;
  /** Whether landmarks are being sought in a still picture instead. */
  paused: boolean;
  onLandmarks: () => void;
}

/** A camera's picture as it comes, for as long as this is open; the hub notes who looked. */
export function LivePicture({ sensor, why, paused, onLandmarks }: Props) {
  const { t } = useTranslation();
  const held = useLive((state) => state.sensors.get(sensor));
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<'coming' | 'shown' | 'ended'>('coming');
  const image = useRef<HTMLImageElement>(null);
  // An image that is merely taken off the page goes on with its stream, and the hub allows few.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each turn has an image of its own
  useEffect(() => {
    const shown = image.current;
    if (shown && !paused) shown.src = pictures.live(sensor, why);
    return () => shown?.removeAttribute('src');
  }, [sensor, why, turn, paused]);
  return (
    <>
      {held && (
        <div className="card-tags">
          <SensorStateTag state={held.state} />
        </div>
      )}
      <div className="picture picture-live" data-live={state}>
        {state !== 'ended' && (
          <img
            key={turn}
            ref={image}
            alt={t('footage.live')}
            onLoad={() => setState('shown')}
            onError={() => setState('ended')}
          />
        )}
        {state === 'coming' && <p role="status">{t('footage.coming')}</p>}
        {state === 'ended' && <Empty icon="camera">{t('footage.ended')}</Empty>}
      </div>
      {state === 'ended' && (
        <Button
          onPress={() => {
            setTurn(turn + 1);
            setState('coming');
          }}
        >
          {t('action.retry')}
        </Button>
      )}
      <p className="hint">{t('footage.logged')}</p>
      {state === 'shown' && (
        <div className="button-row">
          <Button data-action="landmarks" onPress={onLandmarks}>
            <Icon name="target" size={16} /> {t('landmarks.open')}
          </Button>
        </div>
      )}
    </>
  );
}
