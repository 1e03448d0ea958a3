import { useEffect, useState } from 'react';
import { pictures } from '../../api/hub';
import type { Size } from './file';

/** What the hub's log is told about why somebody looks. */
const WHY = 'landmarks of the camera';

interface Still {
  picture: HTMLCanvasElement | null;
  /** Of the largest picture so far: one that is too large for the line is sent smaller. */
  size: Size | null;
  state: 'coming' | 'here' | 'ended';
  again: () => void;
}

/** One picture out of a camera's live ones; the stream is closed as soon as it is there. */
export function useStill(sensor: string): Still {
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<Still['state']>('coming');
  const [picture, setPicture] = useState<HTMLCanvasElement | null>(null);
  const [size, setSize] = useState<Size | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each turn asks for a picture
  useEffect(() => {
    const image = new Image();
    const close = () => {
      image.onload = null;
      image.onerror = null;
      image.removeAttribute('src');
    };
    image.onload = () => {
      const frozen = copyOf(image);
      close();
      setPicture(frozen);
      setSize((held) => (held && held.width > frozen.width ? held : sizeOf(frozen)));
      setState('here');
    };
    image.onerror = () => {
      close();
      setState('ended');
    };
    image.src = pictures.live(sensor, WHY);
    return close;
  }, [sensor, turn]);
  const again = () => {
    setState('coming');
    setTurn(turn + 1);
  };
  return { picture, size, state, again };
}

const sizeOf = ({ width, height }: Size): Size => ({ width, height });

function copyOf(image: HTMLImageElement): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext('2d')?.drawImage(image, 0, 0);
  return canvas;
}
