import { Button as AriaButton } from 'react-aria-components';
import { useTranslation } from 'react-i18next';
import type { Incident } from '../api/types';
import { useSteadyTrack } from '../state/clock';
import { select } from '../state/view';
import { Icon } from '../ui/Icon';
import { TrackLine } from './TrackLine';

export function IncidentTracks({ incident }: { incident: Incident }) {
  return (
    <ul className="link-list">
      {incident.tracks.map((track) => (
        <li key={track.id}>{track.no !== null && <TrackLink no={track.no} />}</li>
      ))}
    </ul>
  );
}

export function TrackLink({ no }: { no: number }) {
  const { t } = useTranslation();
  const track = useSteadyTrack(no);
  return (
    <AriaButton className="link-row" onPress={() => select({ kind: 'track', no })}>
      <Icon name="track" size={16} />
      <span className="link-main">
        <strong>{t('tracks.track_no', { no })}</strong>
        {track ? (
          <TrackLine track={track} />
        ) : (
          <span className="muted">{t('track_status.ended')}</span>
        )}
      </span>
    </AriaButton>
  );
}
