import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/http';
import { hub } from '../api/hub';
import { connectLive } from '../api/live';
import { useSectors } from '../api/queries';
import type { Me, Sector } from '../api/types';
import { applyLive, startLive, stopLive, useLive } from '../state/live-store';
import { setPrefs, usePrefs } from '../state/prefs';
import { useView } from '../state/view';
import { Problem } from '../ui/States';
import { Announcer } from './Announcer';
import { Banners } from './Banners';
import { Card } from './Card';
import { FindDialog } from './FindDialog';
import { useHotkeys } from './hotkeys';
import { IncidentDialog } from './IncidentDialog';
import { Notices } from './Notices';
import { PhoneBar } from './PhoneBar';
import { Rail } from './Rail';
import { SidePanel } from './SidePanel';
import { TopBar } from './TopBar';

const SectorMap = lazy(() => import('../map/SectorMap'));

/** The frame of CONSOLE: bar, rail, list, map, card. */
export function Console({ me }: { me: Me }) {
  const { data: sectors, error, refetch } = useSectors();
  const wanted = usePrefs((prefs) => prefs.sector);
  const sector = sectors?.find((each) => each.id === wanted) ?? sectors?.[0];
  if (error) {
    return (
      <main className="gate">
        <Problem error={error} onRetry={refetch} />
      </main>
    );
  }
  if (sectors && !sector) {
    return (
      <main className="gate">
        <Problem error={new ApiError(0, 'sector.none')} onRetry={refetch} />
      </main>
    );
  }
  return <Frame me={me} sector={sector} sectors={sectors ?? []} />;
}

function useLiveSector(id: string | undefined): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!id) return;
    startLive(id);
    useView.setState({ selection: null, dialog: null });
    const close = connectLive({
      url: hub.liveUrl(id),
      apply: applyLive,
      onRefused: () => client.invalidateQueries({ queryKey: ['me'] }),
    });
    return () => {
      close();
      // Whoever signs in next starts with nothing.
      stopLive();
    };
  }, [id, client]);
}

interface FrameProps {
  me: Me;
  sector: Sector | undefined;
  sectors: Sector[];
}

function Frame({ me, sector, sectors }: FrameProps) {
  const { t } = useTranslation();
  useLiveSector(sector?.id);
  useHotkeys();
  const page = useView((view) => view.page);
  const selected = useView((view) => view.selection !== null);
  const ready = useLive((state) => state.sector !== null);
  return (
    <div className="frame" data-page={page} data-card={selected}>
      <TopBar
        me={me}
        sectors={sectors}
        sector={sector}
        onSector={(id) => setPrefs({ sector: id })}
      />
      <Rail />
      <SidePanel />
      <main className="stage" aria-label={t('rail.map')}>
        <Suspense fallback={<div className="map-skeleton" />}>
          {sector && ready && <SectorMap key={sector.id} sector={sector} />}
        </Suspense>
        <Banners />
      </main>
      {selected && <Card />}
      <PhoneBar />
      <Notices />
      <Announcer />
      <IncidentDialog />
      <FindDialog />
    </div>
  );
}
