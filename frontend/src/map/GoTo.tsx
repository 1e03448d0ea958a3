import { useEffect } from 'react';
import { useView } from '../state/view';
import { useMap } from './context';

const CLOSE_ZOOM = 12.5;
const MOVE_MS = 450;

/** Bring a place into view when a list or a card asks for it. */
export function GoTo() {
  const map = useMap();
  const wish = useView((view) => view.goTo);
  useEffect(() => {
    if (!wish) return;
    const center: [number, number] = [wish.lon, wish.lat];
    if (!wish.close && map.getBounds().contains(center)) return;
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    map.easeTo({
      center,
      zoom: wish.close ? Math.max(map.getZoom(), CLOSE_ZOOM) : map.getZoom(),
      duration: still ? 0 : MOVE_MS,
    });
  }, [map, wish]);
  return null;
}
