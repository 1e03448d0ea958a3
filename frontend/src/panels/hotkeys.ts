import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useDraft } from '../map/tools/draft-store';
import { useLive } from '../state/live-store';
import { byUrgency, isOpen, isWaiting } from '../state/order';
import { setPrefs, usePrefs } from '../state/prefs';
import {
  ask,
  goTo,
  notify,
  openPanel,
  type Panel,
  type StepDialog,
  select,
  useView,
} from '../state/view';
import { useStep } from './actions';
import { bestCamera, isCamera, reasonOf } from './footage/best';

const PANEL_KEYS: Record<string, Panel> = {
  1: 'alarms',
  2: 'tracks',
  3: 'zones',
  4: 'sensors',
  5: 'health',
  6: 'nuisance',
};

const STEP_KEYS: Record<string, StepDialog> = {
  KeyD: 'dispatch',
  KeyR: 'resolve',
  KeyS: 'snooze',
};

/** The open alarm, if one is open. */
function selectedIncident() {
  const { selection } = useView.getState();
  return selection?.kind === 'incident'
    ? useLive.getState().incidents.get(selection.id)
    : undefined;
}

/** Open the most urgent alarm that waits, after the one that is open. */
export function openNext(): void {
  const waiting = [...useLive.getState().incidents.values()].filter(isWaiting).sort(byUrgency);
  const at = waiting.findIndex((incident) => incident.id === selectedIncident()?.id);
  const next = waiting[(at + 1) % Math.max(1, waiting.length)];
  if (next) {
    select({ kind: 'incident', id: next.id });
    goTo(next.lon, next.lat, false);
  }
}

function goToSelection(): void {
  const { selection } = useView.getState();
  const live = useLive.getState();
  const found =
    selection?.kind === 'incident'
      ? live.incidents.get(selection.id)
      : selection?.kind === 'track'
        ? live.tracks.get(selection.no)
        : selection?.kind === 'sensor'
          ? live.sensors.get(selection.id)
          : undefined;
  if (found) goTo(found.lon, found.lat);
}

/** The live picture of the camera that sees best what is selected. */
function lookAtSelection(noCamera: string): void {
  const { selection } = useView.getState();
  const { incidents, sensors, tracks } = useLive.getState();
  const found =
    selection?.kind === 'incident'
      ? incidents.get(selection.id)
      : selection?.kind === 'track'
        ? tracks.get(selection.no)
        : undefined;
  const camera =
    selection?.kind === 'sensor'
      ? sensors.get(selection.id)
      : found && bestCamera(sensors.values(), found);
  if (camera && isCamera(camera)) {
    ask({ kind: 'live', sensor: camera.id, why: reasonOf(selection) });
  } else notify({ kind: 'error', text: noCamera });
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest('input:not([type="radio"], [type="checkbox"]), textarea, [role="dialog"]') !==
    null;

/** One key for each frequent action; none while somebody types or answers a dialog. */
export function useHotkeys(): void {
  const { t } = useTranslation();
  const { mutate: step, isPending } = useStep();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        useView.setState({ finding: true });
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (useDraft.getState().draft && !useDraft.getState().draft?.done) return;
      const incident = selectedIncident();
      // By the place of the key: Cyrillic layouts have the same keys under other letters.
      const open = incident !== undefined && isOpen(incident);
      const key = STEP_KEYS[event.code];
      if (event.code === 'KeyA' && incident && isWaiting(incident) && !isPending) {
        step({ id: incident.id, verb: 'acknowledge' });
      } else if (key && open) ask({ kind: key, id: incident.id });
      else if (event.code === 'KeyI') ask({ kind: 'make', place: null });
      else if (event.code === 'KeyN') openNext();
      else if (event.code === 'KeyG') goToSelection();
      else if (event.code === 'KeyC' && useView.getState().selection)
        lookAtSelection(t('footage.no_camera'));
      else if (event.code === 'KeyM') setPrefs({ sound: !usePrefs.getState().sound });
      else if (event.key === 'Escape' && useView.getState().selection) select(null);
      else if (PANEL_KEYS[event.key]) openPanel(PANEL_KEYS[event.key] as Panel);
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [step, isPending, t]);
}
