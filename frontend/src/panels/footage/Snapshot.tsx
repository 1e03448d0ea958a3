import { pictures } from '../../api/hub';
import type { Footage } from '../../api/types';

/** A snapshot, with an outline around each target that the camera followed in it. */
export function Snapshot({ piece, alt }: { piece: Footage; alt: string }) {
  return (
    <span className="picture" data-piece={piece.id}>
      <img src={pictures.footage(piece.id)} alt={alt} />
      <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
        {piece.outlines.map((one) => (
          // A little wider than the target: a person far away is four pixels.
          <rect
            key={one.sensor_track}
            x={one.x0 - 0.01}
            y={one.y0 - 0.01}
            width={one.x1 - one.x0 + 0.02}
            height={one.y1 - one.y0 + 0.02}
          />
        ))}
      </svg>
    </span>
  );
}
