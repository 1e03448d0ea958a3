/** Line icons on a 20 px grid, one stroke, in the colour of the text they stand in. */

const PATHS = {
  alarm: 'M10 3 2.8 16h14.4zM10 8v4M10 14.2v.1',
  track: 'M4 15c3-1 3-5 6-5s3-4 6-5M10 10m-1.6 0a1.6 1.6 0 1 0 3.2 0 1.6 1.6 0 1 0-3.2 0M13 5h3v3',
  zone: 'M4 6l6-3 6 4-1 8-8 2-4-5zM4 6h.1M10 3h.1M16 7h.1',
  sensor:
    'M10 13.5m-1.5 0a1.5 1.5 0 1 0 3 0 1.5 1.5 0 1 0-3 0M5.8 10.4a5.6 5.6 0 0 1 8.4 0M3 7.4a9.6 9.6 0 0 1 14 0',
  settings: 'M3 6h8M15 6h2M13 4v4M3 14h2M9 14h8M7 12v4',
  plus: 'M10 4v12M4 10h12',
  minus: 'M4 10h12',
  whole: 'M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4M8 10h4',
  layers: 'M10 3 3 7l7 4 7-4zM3 11l7 4 7-4',
  close: 'M5 5l10 10M15 5 5 15',
  back: 'M12 4 6 10l6 6',
  sound: 'M3 8v4h3l4 3V5L6 8zM13 7.5a3.6 3.6 0 0 1 0 5M15.4 5a7 7 0 0 1 0 10',
  mute: 'M3 8v4h3l4 3V5L6 8zM13 8l4 4M17 8l-4 4',
  search: 'M9 9m-5 0a5 5 0 1 0 10 0 5 5 0 1 0-10 0M13 13l4 4',
  user: 'M10 7m-3 0a3 3 0 1 0 6 0 3 3 0 1 0-6 0M4 17c.6-3.4 2.8-5 6-5s5.4 1.6 6 5',
  check: 'M4 10.5 8.2 15 16 5.5',
  down: 'M5 8l5 5 5-5',
  target: 'M10 10m-5 0a5 5 0 1 0 10 0 5 5 0 1 0-10 0M10 2v4M10 14v4M2 10h4M14 10h4',
  map: 'M3 5l4.7-2 4.6 2L17 3v12l-4.7 2-4.6-2L3 17zM7.7 3v12M12.3 5v12',
  card: 'M4 3h12v14H4zM7 7h6M7 10h6M7 13h3',
  more: 'M5 10h.1M10 10h.1M15 10h.1',
  bin: 'M4 6h12M8 6V4h4v2M6 6l.700 11h6.600L14 6',
  clock: 'M10 10m-7 0a7 7 0 1 0 14 0 7 7 0 1 0-14 0M10 6v4l2.6 2',
  warn: 'M10 10m-7 0a7 7 0 1 0 14 0 7 7 0 1 0-14 0M10 6v5M10 13.600v.1',
  globe: 'M10 10m-7 0a7 7 0 1 0 14 0 7 7 0 1 0-14 0M3 10h14M10 3c4 4 4 10 0 14M10 3c-4 4-4 10 0 14',
  health: 'M3 4h14v9H3zM10 13v3M6 16h8M5.500 9h2l1.300-2.500 2 4L12 9h2.500',
  chart: 'M3 17h14M5.500 14V9M10 14V4M14.500 14v-3',
  camera: 'M3 6h3l1.500-2h5L14 6h3v10H3zM10 11m-3 0a3 3 0 1 0 6 0 3 3 0 1 0-6 0',
  play: 'M6 4v12l10-6z',
  line: 'M3 15 8 8l4 3 5-7M10 13l3 3M13 13v3h-3',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 20 20"
      width={size}
      height={size}
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
