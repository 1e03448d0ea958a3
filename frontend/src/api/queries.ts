/** What is asked of the hub rather than told by its feed, cached by react-query. */

import { QueryClient, useQuery } from '@tanstack/react-query';
import { useLive } from '../state/live-store';
import { ApiError, get } from './http';
import { hub } from './hub';
import type { Area, Geofence, Incident } from './types';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal will not become a yes by asking again; an unreachable hub may come back.
      retry: (failures, error) =>
        failures < 3 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 502),
      refetchOnWindowFocus: false,
      staleTime: 30_000,
    },
  },
});

export const useMe = () =>
  useQuery({ queryKey: ['me'], queryFn: hub.me, staleTime: Number.POSITIVE_INFINITY });

export const useSectors = () =>
  useQuery({ queryKey: ['sectors'], queryFn: hub.sectors, staleTime: 300_000 });

export const useMaps = () =>
  useQuery({ queryKey: ['maps'], queryFn: hub.maps, staleTime: 300_000 });

export const useArea = () =>
  useQuery({
    queryKey: ['basemap', 'area'],
    queryFn: () => get<Area>('/basemap/area.json'),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** The zones and tripwires of the live sector; read again whenever the feed says so. */
export function useGeofences() {
  const sector = useLive((state) => state.sector);
  const rev = useLive((state) => state.geofenceRev);
  return useQuery({
    queryKey: ['geofences', sector, rev],
    queryFn: () => hub.geofences(sector as string),
    enabled: sector !== null,
    placeholderData: (before: Geofence[] | undefined) => before,
    // Pauses end and schedules turn without any change that the feed would tell of.
    refetchInterval: 60_000,
  });
}

export function useGeofence(id: string | undefined): Geofence | undefined {
  const { data } = useGeofences();
  return data?.find((fence) => fence.id === id);
}

/** What rules there can be; the same until the hub is renewed. */
export const useRuleKinds = () =>
  useQuery({
    queryKey: ['rule-kinds'],
    queryFn: hub.ruleKinds,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** A back-test, asked for until it is over. */
export function useBacktest(id: string | null) {
  return useQuery({
    queryKey: ['backtest', id],
    queryFn: () => hub.backtest(id as string),
    enabled: id !== null,
    refetchInterval: ({ state }) =>
      state.data?.status === 'done' || state.data?.status === 'failed' ? false : 500,
  });
}

/** What was found in the last hours and not raised. */
export function useSuppressed(hours: number) {
  const sector = useLive((state) => state.sector);
  return useQuery({
    queryKey: ['suppressed', sector, hours],
    queryFn: () => hub.suppressed(sector as string, hours),
    enabled: sector !== null,
    refetchInterval: 10_000,
    staleTime: 5_000,
  });
}

export function useResolved() {
  const sector = useLive((state) => state.sector);
  return useQuery({
    queryKey: ['resolved', sector],
    queryFn: () => hub.resolvedIncidents(sector as string),
    enabled: sector !== null,
    staleTime: 5_000,
  });
}

/** An incident with its timeline and evidence; read again at each of its revisions. */
export function useIncidentDetail(id: string, rev: number | undefined) {
  return useQuery({
    queryKey: ['incident', id, rev],
    queryFn: () => hub.incident(id),
    placeholderData: (before, query) => (query?.queryKey[1] === id ? before : undefined),
  });
}

/** The sensors that had a part in an incident; counted again at each of its revisions. */
export function useSensorParts(id: string, rev: number | undefined) {
  return useQuery({
    queryKey: ['evidence', id, rev],
    queryFn: () => hub.evidence(id),
    placeholderData: (before, query) => (query?.queryKey[1] === id ? before : undefined),
  });
}

/** An incident's pictures; asked for often while one is on its way. */
export function useFootage(id: string, rev: number | undefined) {
  return useQuery({
    queryKey: ['footage', id],
    queryFn: () => hub.footage(id),
    staleTime: 1_000,
    refetchInterval: ({ state }) =>
      rev !== undefined || state.data?.some((piece) => piece.state === 'asked') ? 2_000 : false,
  });
}

/** How often alarms were nuisance or false in the last days. */
export function useNuisance(days: number) {
  const sector = useLive((state) => state.sector);
  return useQuery({
    queryKey: ['nuisance', sector, days],
    queryFn: () => hub.nuisance(sector as string, days),
    enabled: sector !== null,
    refetchInterval: 60_000,
    staleTime: 5_000,
  });
}

export function useTrackDetail(no: number | null) {
  const sector = useLive((state) => state.sector);
  return useQuery({
    queryKey: ['track', sector, no],
    queryFn: () => hub.track(sector as string, no as number),
    enabled: sector !== null && no !== null,
    refetchInterval: 5_000,
    staleTime: 4_000,
  });
}

/** The sector's edges, read again while somebody looks at them. */
export function useEdges() {
  const sector = useLive((state) => state.sector);
  return useQuery({
    queryKey: ['edges', sector],
    queryFn: () => hub.edges(sector as string),
    enabled: sector !== null,
    refetchInterval: 2_000,
    staleTime: 1_000,
  });
}

export function useEdgeLedger(edge: string) {
  const sector = useLive((state) => state.sector);
  return useQuery({
    queryKey: ['edge-ledger', sector, edge],
    queryFn: () => hub.edgeLedger(sector as string, edge),
    enabled: sector !== null,
    refetchInterval: 10_000,
    staleTime: 5_000,
  });
}

/** An incident changed by our own hand: lists that are not fed must be asked again. */
export function forgetResolved(incident: Incident): void {
  queryClient.invalidateQueries({ queryKey: ['resolved', incident.sector] });
  queryClient.invalidateQueries({ queryKey: ['nuisance', incident.sector] });
}
