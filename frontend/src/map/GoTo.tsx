import { useEffect } from 'react';
import { useView } from '../state/view';
import { useMap } from './context';

/** Bring a place into view when a list or a card asks for it. */
const CLOSE_ZOOM = 12.5;

export function GoTo() {
  const map = useMap();
  const wish = useView((view) => view.goTo);
  useEffect(() => {
    if (!wish) return;
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    map.easeTo({
      center: [wish.lon, wish.lat],
      zoom: Math.max(map.getZoom(), CLOSE_ZOOM),
      duration: still ? 0 : 450,
    });
  }, [map, wish]);
  return null;
}
