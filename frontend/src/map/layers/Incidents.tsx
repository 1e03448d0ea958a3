import type { FeatureCollection } from 'geojson';
import { useEffect, useMemo } from 'react';
import type { Incident } from '../../api/types';
import { useLive } from '../../state/live-store';
import { byUrgency, isOpen, isQuiet, isWaiting } from '../../state/order';
import { useView } from '../../state/view';
import { addSource, FONT, geojsonSource, NOTHING, useLayers, useMap } from '../context';
import { usePalette } from '../palette';

const LABEL_ZOOM = 11;

export const incidentIcon = (incident: Incident): string =>
  `incident-${incident.life_at_risk ? 'life' : incident.severity}-${
    incident.historical ? 'historical' : isWaiting(incident) ? 'new' : 'taken'
  }`;

function places(incidents: readonly Incident[]): FeatureCollection {
  return {
    type: 'FeatureCollection',
    // The most urgent is drawn last, on top.
    features: [...incidents]
      .sort((a, b) => byUrgency(b, a))
      .map((incident, i) => ({
        type: 'Feature',
        properties: {
          id: incident.id,
          no: `#${incident.no}`,
          icon: incidentIcon(incident),
          order: i,
          opacity: isQuiet(incident) || incident.status === 'resolved' ? 0.55 : 1,
        },
        geometry: { type: 'Point', coordinates: [incident.lon, incident.lat] },
      })),
  };
}

/** Alarms at the place where they were raised: filled while new, hollow once taken. */
export function Incidents() {
  const map = useMap();
  const palette = usePalette();
  const incidents = useLive((state) => state.incidents);
  const selected = useView((view) =>
    view.selection?.kind === 'incident' ? view.selection.id : '',
  );
  const shown = useMemo(
    () =>
      [...incidents.values()].filter((incident) => isOpen(incident) || incident.id === selected),
    [incidents, selected],
  );

  useEffect(() => addSource(map, 'incidents', { type: 'geojson', data: NOTHING }), [map]);
  useEffect(() => {
    geojsonSource(map, 'incidents')?.setData(places(shown));
  }, [map, shown]);
  useLayers(
    () => [
      {
        slot: 'incidents',
        layer: {
          id: 'incidents',
          type: 'symbol',
          source: 'incidents',
          layout: {
            'icon-image': ['get', 'icon'],
            'icon-allow-overlap': true,
            'icon-ignore-placement': true,
            'icon-size': ['interpolate', ['linear'], ['zoom'], 7, 0.75, 12, 1],
            'symbol-sort-key': ['get', 'order'],
            'text-field': ['step', ['zoom'], '', LABEL_ZOOM, ['get', 'no']],
            'text-font': FONT,
            'text-size': 12,
            'text-anchor': 'bottom',
            'text-offset': [0, -1.4],
            'text-optional': true,
          },
          paint: {
            'icon-opacity': ['get', 'opacity'],
            'text-color': palette.text,
            'text-halo-color': palette.halo,
            'text-halo-width': 1.8,
          },
        },
      },
    ],
    [palette],
  );
  return null;
}
