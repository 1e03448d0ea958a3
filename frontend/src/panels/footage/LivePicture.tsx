import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { pictures } from '../../api/hub';
import { useLive } from '../../state/live-store';
import { Button } from '../../ui/Button';
import { Empty } from '../../ui/States';
import { SensorStateTag } from '../SensorStateTag';

/** A camera's picture as it comes, for as long as this is open; the hub notes who looked. */
export function LivePicture({ sensor, why }: { sensor: string; why: string }) {
  const { t } = useTranslation();
  const held = useLive((state) => state.sensors.get(sensor));
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<'coming' | 'shown' | 'ended'>('coming');
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
            src={pictures.live(sensor, why)}
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
    </>
  );
}
