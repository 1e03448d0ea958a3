import { create } from 'zustand';
import type { GeofenceKind } from '../../api/types';
import { showPage, useView } from '../../state/view';
import { type Draft, type DraftWord, emptyDraft, reduceDraft } from './draft';

/** The drawing in progress; null while nobody draws. */
export const useDraft = create<{ draft: Draft | null }>()(() => ({ draft: null }));

export function startDrawing(kind: GeofenceKind): void {
  useDraft.setState({ draft: emptyDraft(kind) });
  useView.setState({ panel: 'zones', selection: null });
  showPage('map');
}

export function tellDraft(word: DraftWord): void {
  const { draft } = useDraft.getState();
  if (!draft) return;
  const next = reduceDraft(draft, word);
  useDraft.setState({ draft: next });
  if (next.done && !draft.done) showPage('list');
  if (!next.done && draft.done) showPage('map');
}

export const stopDrawing = (): void => useDraft.setState({ draft: null });
