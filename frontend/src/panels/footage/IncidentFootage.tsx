import { Button as AriaButton } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import { useFootage } from '../../api/queries';
import type { Footage, Incident } from '../../api/types';
import { localTime } from '../../i18n/format';
import { useSpoken } from '../../i18n/spoken';
import { useLive } from '../../state/live-store';
import { isOpen } from '../../state/order';
import { ask } from '../../state/view';
import { Button } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { Problem, Skeleton } from '../../ui/States';
import { Section } from '../Card';
import { bestCamera, isCamera } from './best';
import { Snapshot } from './Snapshot';

/** What the cameras kept of it, the live picture of the one that sees it best, and more. */
export function IncidentFootage({ incident }: { incident: Incident }) {
  const { t } = useTranslation();
  const sensors = useLive((state) => state.sensors);
  const { data, error, refetch } = useFootage(
    incident.id,
    isOpen(incident) ? incident.rev : undefined,
  );
  const best = bestCamera(sensors.values(), incident);
  if (!data?.length && ![...sensors.values()].some(isCamera)) return null;
  return (
    <Section title={t('footage.title')}>
      {error ? (
        <Problem error={error} onRetry={refetch} />
      ) : !data ? (
        <Skeleton rows={1} />
      ) : data.length === 0 ? (
        <p className="muted">{t('footage.none')}</p>
      ) : (
        <ul className="footage">
          {data.map((piece) => (
            <Piece key={piece.id} piece={piece} incident={incident} />
          ))}
        </ul>
      )}
      <div className="button-row">
        {best && (
          <Button
            data-action="live"
            onPress={() => ask({ kind: 'live', sensor: best.id, why: `incident ${incident.id}` })}
          >
            <Icon name="camera" size={16} /> {t('footage.live_of', { name: best.name })}
          </Button>
        )}
        <Button
          data-action="ask-footage"
          onPress={() => ask({ kind: 'ask_footage', incident: incident.id })}
        >
          {t('footage.ask')}
        </Button>
      </div>
    </Section>
  );
}

/** The time of a frame, or what was asked for where none came. */
const at = (frame: string | null, asked: string): number => Date.parse(frame ?? asked);

function Piece({ piece, incident }: { piece: Footage; incident: Incident }) {
  const { t } = useTranslation();
  const spoken = useSpoken();
  const name = useLive((state) => state.sensors.get(piece.sensor)?.name ?? piece.sensor);
  const taken = localTime(at(piece.first_at, piece.from), spoken);
  const what = t(`footage.${piece.kind}_of`, { name, at: taken });
  if (piece.state !== 'kept') {
    return (
      <li className="footage-line muted" data-footage={piece.kind} data-state={piece.state}>
        {what}: {t(piece.state === 'asked' ? 'footage.asked' : `footage.code.${piece.code}`)}
      </li>
    );
  }
  return (
    <li data-footage={piece.kind} data-state={piece.state}>
      <AriaButton
        className="footage-piece"
        onPress={() => ask({ kind: 'footage', incident: incident.id, piece: piece.id })}
      >
        {piece.kind === 'snapshot' ? (
          <Snapshot piece={piece} alt="" />
        ) : (
          <span className="footage-clip">
            <Icon name="play" size={28} />
            {t('footage.seconds', {
              n: Math.round(
                (at(piece.last_at, piece.until) - at(piece.first_at, piece.from)) / 1000,
              ),
            })}
          </span>
        )}
        <span className="muted">{what}</span>
      </AriaButton>
    </li>
  );
}
