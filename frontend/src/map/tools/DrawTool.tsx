import type { Feature, Position } from 'geojson';
import type { MapLayerMouseEvent, MapMouseEvent } from 'maplibre-gl';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../../ui/Button';
import { Kbd } from '../../ui/Kbd';
import { addSource, geojsonSource, NOTHING, useLayers, useMap } from '../context';
import { arrowFeatures } from '../fence-arrows';
import { usePalette } from '../palette';
import { type Draft, defect, geometryOf } from './draft';
import { stopDrawing, tellDraft, useDraft } from './draft-store';

/** Draws a zone or tripwire point by point: with the mouse, a finger, or keys alone. */
export function DrawTool() {
  const draft = useDraft((state) => state.draft);
  return draft ? <Drawing draft={draft} /> : null;
}

function features(draft: Draft, pointer: Position | null): Feature[] {
  const open = !draft.done && pointer ? [...draft.points, pointer] : draft.points;
  const shown: Draft = { ...draft, points: open };
  const list: Feature[] = draft.points.map((at, index) => ({
    type: 'Feature',
    properties: { part: 'point', index },
    geometry: { type: 'Point', coordinates: at },
  }));
  if (open.length >= 2) {
    list.push({
      type: 'Feature',
      properties: { part: 'line', bad: defect(shown) === 'crosses_itself' },
      geometry:
        draft.kind === 'area' && open.length >= 3
          ? geometryOf(shown)
          : { type: 'LineString', coordinates: open },
    });
  }
  if (draft.kind === 'line' && draft.points.length >= 2) {
    const directions = draft.points.slice(1).map(() => draft.direction);
    for (const arrow of arrowFeatures(
      { type: 'LineString', coordinates: draft.points },
      directions,
    )) {
      list.push({ ...arrow, properties: { ...arrow.properties, part: 'arrow' } });
    }
  }
  return list;
}

function Drawing({ draft }: { draft: Draft }) {
  const map = useMap();
  const palette = usePalette();

  useEffect(() => addSource(map, 'draft', { type: 'geojson', data: NOTHING }), [map]);
  useEffect(() => {
    const show = (pointer: Position | null) =>
      geojsonSource(map, 'draft')?.setData({
        type: 'FeatureCollection',
        features: features(draft, pointer),
      });
    show(null);
    if (draft.done || draft.points.length === 0) return;
    const follow = (event: MapMouseEvent) => show(event.lngLat.toArray());
    map.on('mousemove', follow);
    return () => {
      map.off('mousemove', follow);
    };
  }, [map, draft]);

  useEffect(() => {
    const canvas = map.getCanvas();
    const add = (event: MapMouseEvent) => tellDraft({ type: 'add', at: event.lngLat.toArray() });
    const finish = (event: MapMouseEvent) => {
      event.preventDefault();
      tellDraft({ type: 'finish' });
    };
    let moving: number | null = null;
    const grab = (event: MapLayerMouseEvent) => {
      moving = event.features?.[0]?.properties.index ?? null;
      if (moving !== null) event.preventDefault();
    };
    const drag = (event: MapMouseEvent) => {
      if (moving === null) return;
      tellDraft({ type: 'move', index: moving, to: event.lngLat.toArray() });
    };
    const drop = () => {
      moving = null;
    };
    const keys = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (target.closest('input, textarea, select, [role="dialog"]')) return;
      if (event.key === ' ' && !target.closest('button, [role="row"]')) {
        event.preventDefault();
        tellDraft({ type: 'add', at: map.getCenter().toArray() });
      } else if (event.key === 'Enter' && !target.closest('button, [role="row"]')) {
        // Else the form that opens now would be sent by the same key.
        event.preventDefault();
        tellDraft({ type: 'finish' });
      } else if (event.key === 'Backspace') {
        event.preventDefault();
        tellDraft({ type: 'undo' });
      } else if (event.key === 'Escape') stopDrawing();
    };
    canvas.classList.add('drawing');
    map.doubleClickZoom.disable();
    map.on('click', add);
    map.on('dblclick', finish);
    map.on('mousedown', 'draft-points', grab);
    map.on('mousemove', drag);
    map.on('mouseup', drop);
    window.addEventListener('keydown', keys);
    canvas.focus();
    return () => {
      canvas.classList.remove('drawing');
      map.doubleClickZoom.enable();
      map.off('click', add);
      map.off('dblclick', finish);
      map.off('mousedown', 'draft-points', grab);
      map.off('mousemove', drag);
      map.off('mouseup', drop);
      window.removeEventListener('keydown', keys);
    };
  }, [map]);

  useLayers(
    () => [
      {
        slot: 'tool',
        layer: {
          id: 'draft-fill',
          type: 'fill',
          source: 'draft',
          filter: ['==', ['geometry-type'], 'Polygon'],
          paint: { 'fill-color': palette.accent, 'fill-opacity': 0.14 },
        },
      },
      {
        slot: 'tool',
        layer: {
          id: 'draft-line',
          type: 'line',
          source: 'draft',
          filter: ['==', ['get', 'part'], 'line'],
          paint: {
            'line-color': ['case', ['get', 'bad'], palette.bad, palette.accent],
            'line-width': 2.4,
          },
        },
      },
      {
        slot: 'tool',
        layer: {
          id: 'draft-arrows',
          type: 'symbol',
          source: 'draft',
          filter: ['==', ['get', 'part'], 'arrow'],
          layout: {
            'icon-image': 'fence-arrow',
            'icon-size': 1.3,
            'icon-rotate': ['get', 'bearing'],
            'icon-rotation-alignment': 'map',
            'icon-allow-overlap': true,
          },
        },
      },
      {
        slot: 'tool',
        layer: {
          id: 'draft-points',
          type: 'circle',
          source: 'draft',
          filter: ['==', ['get', 'part'], 'point'],
          paint: {
            'circle-radius': 6,
            'circle-color': palette.surface,
            'circle-stroke-width': 2.4,
            'circle-stroke-color': palette.accent,
          },
        },
      },
    ],
    [palette],
  );

  return <DrawBar draft={draft} />;
}

function DrawBar({ draft }: { draft: Draft }) {
  const { t } = useTranslation();
  const map = useMap();
  const why = defect(draft);
  if (draft.done) return null;
  return (
    <>
      <div className="map-cross" aria-hidden="true" />
      <div className="draw-bar" role="toolbar" aria-label={t(`draw.title.${draft.kind}`)}>
        <p role="status">
          <strong>{t(`draw.title.${draft.kind}`)}</strong>{' '}
          {why === 'crosses_itself'
            ? t('draw.crosses_itself')
            : t(`draw.hint.${draft.kind}`, { count: draft.points.length })}
        </p>
        <div className="draw-actions">
          <Button onPress={() => tellDraft({ type: 'add', at: map.getCenter().toArray() })}>
            {t('draw.add_centre')} <Kbd>{t('key.space')}</Kbd>
          </Button>
          <Button
            isDisabled={draft.points.length === 0}
            onPress={() => tellDraft({ type: 'undo' })}
          >
            {t('draw.undo')} <Kbd>⌫</Kbd>
          </Button>
          <Button onPress={stopDrawing}>
            {t('action.cancel')} <Kbd>Esc</Kbd>
          </Button>
          <Button
            look="primary"
            isDisabled={why !== null}
            onPress={() => tellDraft({ type: 'finish' })}
          >
            {t('draw.finish')} <Kbd>⏎</Kbd>
          </Button>
        </div>
      </div>
    </>
  );
}
