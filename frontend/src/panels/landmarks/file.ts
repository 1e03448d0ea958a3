/** The file that `watchline-edge calibrate` reads, and the command that reads it. */

import type { Landmark } from './pairing';

/** Of the camera's own picture, in pixels. */
export interface Size {
  width: number;
  height: number;
}

const COLUMNS = 'name,x_px,y_px,lon_deg,lat_deg';

/** A centimetre on the ground. */
const DEGREE_DIGITS = 7;
const PIXEL_DIGITS = 2;

const quoted = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** Pixels count from the picture's corner: the middle of the first one is 0.5, 0.5. */
export function landmarksFile(landmarks: readonly Landmark[], size: Size): string {
  const rows = landmarks.map(({ no, name, x, y, lon, lat }) =>
    [
      quoted(name.trim() || String(no)),
      (x * size.width).toFixed(PIXEL_DIGITS),
      (y * size.height).toFixed(PIXEL_DIGITS),
      lon.toFixed(DEGREE_DIGITS),
      lat.toFixed(DEGREE_DIGITS),
    ].join(','),
  );
  return [COLUMNS, ...rows, ''].join('\r\n');
}

/** A name that every file system takes, and every shell as it stands. */
export const fileName = (camera: string): string =>
  `landmarks-${camera.replace(/[^\p{L}\p{N}._-]/gu, '_')}.csv`;

const shellWord = (text: string): string =>
  /^[\p{L}\p{N}._-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

export const command = (camera: string): string =>
  `watchline-edge calibrate ${fileName(camera)} -c edge.toml --sensor ${shellWord(camera)}`;
