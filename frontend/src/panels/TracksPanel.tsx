import { useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useShallow } from 'zustand/react/shallow';
import { useSteadyTrack } from '../state/clock';
import { useLive } from '../state/live-store';
import { goTo, select, useView } from '../state/view';
import { Field } from '../ui/Field';
import { Icon } from '../ui/Icon';
import { Rows } from '../ui/Rows';
import { Empty, Skeleton } from '../ui/States';
import { PanelHead } from './PanelHead';
import { TrackLine } from './TrackLine';

interface Item {
  id: string;
  no: number;
}

/** The numbers in the picture; a row is drawn anew by itself, the list only when they change. */
function useItems(wanted: string): { items: Item[]; all: number } {
  const { t } = useTranslation();
  const known = useRef(new Map<number, Item>());
  const numbers = useLive(useShallow((state) => [...state.tracks.keys()]));
  return useMemo(() => {
    const { tracks } = useLive.getState();
    const word = wanted.trim().toLocaleLowerCase();
    const items = numbers
      .filter((no) => {
        const track = tracks.get(no);
        return (
          !word ||
          String(no).includes(word) ||
          (track && t(`class.${track.objectClass}`).toLocaleLowerCase().includes(word))
        );
      })
      .sort((a, b) => b - a)
      .map((no) => {
        const item = known.current.get(no) ?? { id: String(no), no };
        known.current.set(no, item);
        return item;
      });
    for (const no of known.current.keys()) if (!tracks.has(no)) known.current.delete(no);
    return { items, all: numbers.length };
  }, [numbers, wanted, t]);
}

export function TracksPanel() {
  const { t, i18n } = useTranslation();
  const [wanted, setWanted] = useState('');
  const { items, all } = useItems(wanted);
  const started = useLive((state) => state.rev > 0);
  const selectedId = useView((view) =>
    view.selection?.kind === 'track' ? String(view.selection.no) : null,
  );
  return (
    <>
      <PanelHead title={t('tracks.title')} />
      <div className="panel-filter">
        <Field label={t('tracks.filter')} value={wanted} onChange={setWanted} type="search" />
      </div>
      {!started && <Skeleton />}
      {started && all === 0 && <Empty icon="track">{t('tracks.empty')}</Empty>}
      {all > 0 && <p className="panel-note">{t('tracks.count', { count: all })}</p>}
      {all > 0 && items.length === 0 && <Empty icon="search">{t('tracks.no_match')}</Empty>}
      {items.length > 0 && (
        <Rows
          label={t('tracks.title')}
          items={items}
          rowHeight={52}
          selectedId={selectedId}
          onSelect={(item) => {
            select({ kind: 'track', no: item.no });
            const track = useLive.getState().tracks.get(item.no);
            if (track) goTo(track.lon, track.lat, false);
          }}
          textOf={(item) => t('tracks.track_no', { no: item.no })}
          dependencies={[i18n.language]}
        >
          {(item) => <TrackRow no={item.no} />}
        </Rows>
      )}
    </>
  );
}

function TrackRow({ no }: { no: number }) {
  const { t } = useTranslation();
  const track = useSteadyTrack(no);
  return (
    <div className="plain-row">
      <Icon name="track" size={16} />
      <div className="link-main">
        <strong>
          {t('tracks.track_no', { no })}
          {track && track.status !== 'confirmed' && (
            <span className="muted"> · {t(`track_status.${track.status}`)}</span>
          )}
        </strong>
        {track && <TrackLine track={track} />}
      </div>
    </div>
  );
}
