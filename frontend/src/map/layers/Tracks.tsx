import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useAgeText } from '../../i18n/spoken';
import { hubNow } from '../../state/clock';
import { useLive } from '../../state/live-store';
import { usePrefs } from '../../state/prefs';
import { addSource, FONT, geojsonSource, NOTHING, useLayers, useMap } from '../context';
import { usePalette } from '../palette';
import { type Box, ellipses, leaders, TrackPoints, tails, visible } from '../track-features';

/** Positions are drawn at most this often; tails, ellipses and ages once a second. */
const POINTS_EVERY_MS = 200;
const SHAPES_EVERY_MS = 1_000;
/** On a slow machine drawing takes at most every third moment, so that clicks get through. */
const IDLE_SHARE = 3;
/** Below this zoom an ellipse is smaller than its symbol. */
const ELLIPSE_ZOOM = 10.5;
const LABEL_ZOOM = 10.2;

/** What moves: symbol by class, number, speed line, fading tail, 95 % ellipse, age when stale. */
export function Tracks() {
  const map = useMap();
  const palette = usePalette();
  const { i18n } = useTranslation();
  const ageText = useAgeText();
  const layers = usePrefs((prefs) => prefs.layers);
  const options = useRef({ ageText, layers });
  options.current = { ageText, layers };
  const redraw = useRef<() => void>(() => undefined);

  useEffect(() => {
    const shape = { type: 'geojson' as const, data: NOTHING, tolerance: 0, maxzoom: 15 };
    const drop = [
      addSource(map, 'tracks', { ...shape, promoteId: 'no' }),
      addSource(map, 'tails', { ...shape, lineMetrics: true }),
      addSource(map, 'leaders', shape),
      addSource(map, 'ellipses', shape),
    ];
    const points = new TrackPoints();
    let shapesAt = 0;
    let pointsAt = 0;
    let costMs = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const drawPoints = () => {
      pointsAt = performance.now();
      const { tracks } = useLive.getState();
      const diff = points.diff(tracks, hubNow(), options.current.ageText);
      if (!diff) return;
      geojsonSource(map, 'tracks')?.updateData(diff);
      map.once('render', () => {
        requestAnimationFrame(() => {
          costMs = performance.now() - pointsAt;
        });
      });
    };
    const drawShapes = () => {
      shapesAt = performance.now();
      const now = hubNow();
      const shown = visible(useLive.getState().tracks, boxOf(map.getBounds()));
      const on = options.current.layers;
      const big = on.ellipses && map.getZoom() >= ELLIPSE_ZOOM;
      const put = (id: string, features: GeoJSON.Feature[]) =>
        geojsonSource(map, id)?.setData({ type: 'FeatureCollection', features });
      put('tails', on.tails ? tails(shown, now) : []);
      put('leaders', leaders(shown, now));
      put('ellipses', big ? ellipses(shown) : []);
    };
    const step = () => {
      timer = undefined;
      drawPoints();
      if (performance.now() - shapesAt >= Math.max(SHAPES_EVERY_MS, IDLE_SHARE * costMs)) {
        drawShapes();
      }
    };
    const schedule = () => {
      const every = Math.max(POINTS_EVERY_MS, IDLE_SHARE * costMs);
      timer ??= setTimeout(step, Math.max(0, every - (performance.now() - pointsAt)));
    };
    redraw.current = () => {
      shapesAt = 0;
      schedule();
    };

    schedule();
    const unsubscribe = useLive.subscribe((state, before) => {
      if (state.tracks !== before.tracks) schedule();
    });
    const ticker = setInterval(schedule, SHAPES_EVERY_MS);
    map.on('moveend', drawShapes);
    return () => {
      unsubscribe();
      clearInterval(ticker);
      clearTimeout(timer);
      map.off('moveend', drawShapes);
      for (const each of drop) each();
    };
  }, [map]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew when these change
  useEffect(() => redraw.current(), [layers, i18n.language]);

  useLayers(
    () => [
      {
        slot: 'tails',
        layer: {
          id: 'tails',
          type: 'line',
          source: 'tails',
          layout: { 'line-cap': 'round', 'line-join': 'round' },
          paint: {
            'line-width': 2.4,
            'line-gradient': [
              'interpolate',
              ['linear'],
              ['line-progress'],
              0,
              transparent(palette.track),
              1,
              palette.track,
            ],
            'line-opacity': 0.8,
          },
        },
      },
      {
        slot: 'ellipses',
        layer: {
          id: 'ellipses-fill',
          type: 'fill',
          source: 'ellipses',
          paint: { 'fill-color': palette.track, 'fill-opacity': 0.07 },
        },
      },
      {
        slot: 'ellipses',
        layer: {
          id: 'ellipses',
          type: 'line',
          source: 'ellipses',
          paint: { 'line-color': palette.track, 'line-opacity': 0.5, 'line-width': 1 },
        },
      },
      {
        slot: 'tracks',
        layer: {
          id: 'leaders',
          type: 'line',
          source: 'leaders',
          minzoom: 9,
          paint: { 'line-color': palette.track, 'line-width': 1.4 },
        },
      },
      {
        slot: 'tracks',
        layer: {
          id: 'tracks',
          type: 'symbol',
          source: 'tracks',
          layout: {
            'icon-image': ['get', 'icon'],
            'icon-size': ['interpolate', ['linear'], ['zoom'], 7, 0.55, 11, 0.85, 14, 1],
            'icon-allow-overlap': true,
            'icon-ignore-placement': true,
            'text-field': layers.labels ? ['step', ['zoom'], '', LABEL_ZOOM, ['get', 'label']] : '',
            'text-font': FONT,
            'text-size': 12,
            'text-anchor': 'left',
            'text-offset': [1.1, 0],
            'text-optional': true,
          },
          paint: {
            'icon-opacity': ['get', 'opacity'],
            'text-opacity': ['get', 'opacity'],
            'text-color': palette.text,
            'text-halo-color': palette.halo,
            'text-halo-width': 1.6,
          },
        },
      },
    ],
    [palette, layers.labels],
  );
  return null;
}

function boxOf(bounds: ReturnType<ReturnType<typeof useMap>['getBounds']>): Box {
  const padLon = (bounds.getEast() - bounds.getWest()) * 0.1;
  const padLat = (bounds.getNorth() - bounds.getSouth()) * 0.1;
  return {
    west: bounds.getWest() - padLon,
    east: bounds.getEast() + padLon,
    south: bounds.getSouth() - padLat,
    north: bounds.getNorth() + padLat,
  };
}

/** The same colour, unseen: `#rrggbb` to `#rrggbb00`. */
const transparent = (hex: string): string => `${hex}00`;
