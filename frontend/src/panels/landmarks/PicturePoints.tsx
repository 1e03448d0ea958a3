import {
  type CSSProperties,
  type KeyboardEvent,
  type PointerEvent,
  useEffect,
  useRef,
  useState,
} from 'react';
import type { Landmark, Point } from './pairing';

const ARROWS: Record<string, [right: number, down: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const LEAP_PX = 10;
const MIDDLE: Point = { x: 0.5, y: 0.5 };

const share = (value: number): number => Math.min(1, Math.max(0, value));

function pointOf(event: PointerEvent<HTMLElement>): Point {
  const box = event.currentTarget.getBoundingClientRect();
  return {
    x: share((event.clientX - box.left) / box.width),
    y: share((event.clientY - box.top) / box.height),
  };
}

interface Props {
  picture: HTMLCanvasElement;
  label: string;
  landmarks: readonly Landmark[];
  waiting: Point | null;
  /** The number of the point that waits, or comes next. */
  no: number;
  /** `done` says that a key has ended the search for the point. */
  onSee: (at: Point, done: boolean) => void;
}

/** A still picture with its landmarks; pointer, finger or arrow keys find the next one. */
export function PicturePoints({ picture, label, landmarks, waiting, no, onSee }: Props) {
  const [cursor, setCursor] = useState<Point | null>(null);
  const magnified = cursor ?? waiting;

  const keys = (event: KeyboardEvent) => {
    const from = waiting ?? cursor ?? MIDDLE;
    const arrow = ARROWS[event.key];
    if (arrow) {
      const step = event.shiftKey ? LEAP_PX : 1;
      const at = {
        x: share(from.x + (arrow[0] * step) / picture.width),
        y: share(from.y + (arrow[1] * step) / picture.height),
      };
      setCursor(at);
      if (waiting) onSee(at, false);
    } else if (event.key === 'Enter' || event.key === ' ') onSee(from, true);
    else return;
    event.preventDefault();
  };

  return (
    <div
      className="landmark-picture"
      role="application"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: an application is interactive
      tabIndex={0}
      style={{ '--shape': picture.width / picture.height } as CSSProperties}
      onKeyDown={keys}
      onPointerDown={(event) => {
        if (event.button === 0) event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => setCursor(pointOf(event))}
      onPointerUp={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) onSee(pointOf(event), false);
      }}
      onPointerLeave={() => setCursor(null)}
    >
      <Drawn picture={picture} />
      {landmarks.map((each) => (
        <Cross key={each.no} at={each} no={each.no} />
      ))}
      {waiting && <Cross at={waiting} no={no} waits />}
      {magnified && <Loupe picture={picture} at={magnified} />}
    </div>
  );
}

function Drawn({ picture }: { picture: HTMLCanvasElement }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => canvas.current?.getContext('2d')?.drawImage(picture, 0, 0), [picture]);
  return <canvas ref={canvas} width={picture.width} height={picture.height} />;
}

function Cross({ at, no, waits = false }: { at: Point; no: number; waits?: boolean }) {
  return (
    <span
      className="landmark-cross"
      data-no={no}
      data-waits={waits}
      style={{ left: `${at.x * 100}%`, top: `${at.y * 100}%` }}
    >
      <b>{no}</b>
    </span>
  );
}

const SPAN_PX = 18;
const GROWN = 8;

/** What lies around a point, in the corner away from it. */
function Loupe({ picture, at }: { picture: HTMLCanvasElement; at: Point }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const side = SPAN_PX * GROWN;
  useEffect(() => {
    const pen = canvas.current?.getContext('2d');
    if (!pen) return;
    const left = at.x * picture.width - SPAN_PX / 2;
    const top = at.y * picture.height - SPAN_PX / 2;
    pen.clearRect(0, 0, side, side);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(picture, left, top, SPAN_PX, SPAN_PX, 0, 0, side, side);
  }, [picture, at, side]);
  return (
    <span className="landmark-loupe" data-side={at.x < 0.5 ? 'right' : 'left'} aria-hidden="true">
      <canvas ref={canvas} width={side} height={side} />
    </span>
  );
}
