import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { THEMES } from '../state/prefs';

const here = import.meta.dirname;
const css = readFileSync(join(here, 'tokens.css'), 'utf8');

function tokens(theme: string): Map<string, string> {
  const block = new RegExp(`\\[data-theme='${theme}'\\]\\s*\\{([^}]*)\\}`).exec(css)?.[1] ?? '';
  return new Map(
    [...block.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map((m) => [m[1] as string, m[2] as string]),
  );
}

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const channels = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2];
}

function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p) as [number, number];
  return (x + 0.05) / (y + 0.05);
}

const SURFACES = ['--surface-1', '--surface-2', '--surface-3', '--selected'];
const TEXTS = [
  '--text',
  '--text-2',
  '--severity-low',
  '--severity-medium',
  '--severity-high',
  '--severity-very-high',
  '--warn',
  '--bad',
];
const PAIRS: [text: string, on: string, least: number][] = [
  ...TEXTS.flatMap((text) => SURFACES.map((on): [string, string, number] => [text, on, 4.5])),
  ['--accent', '--surface-2', 4.5],
  ['--on-accent', '--accent', 4.5],
  ['--on-life', '--life', 4.5],
  ['--on-severity', '--severity-very-high', 4.5],
  ['--track-edge', '--track', 4.5],
  ['--map-label', '--map-halo', 4.5],
  // What is not text but tells something: WCAG asks for 3:1.
  ['--line-strong', '--surface-1', 3],
  ['--map-border', '--map-land', 4.5],
  ['--map-fence', '--map-land', 3],
  ['--map-sensor', '--map-land', 3],
];

describe.each(THEMES)('the %s theme', (theme) => {
  const colours = tokens(theme);

  it('has every token of the others', () => {
    expect([...colours.keys()].sort()).toEqual([...tokens('dark').keys()].sort());
  });

  it.each(PAIRS)('%s on %s is at least %f:1', (text, on, least) => {
    expect(contrast(colours.get(text) ?? '', colours.get(on) ?? '')).toBeGreaterThanOrEqual(least);
  });
});

describe('colours', () => {
  it('are decided in tokens.css and nowhere else', () => {
    const root = join(here, '..');
    const sheets = ['ui', 'panels', 'map'].flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => name.endsWith('.css') && name !== 'tokens.css')
        .map((name) => join(root, folder, name)),
    );
    expect(sheets.length).toBeGreaterThan(4);
    for (const sheet of sheets) {
      const found = readFileSync(sheet, 'utf8').match(/#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(/gi);
      expect(found, sheet).toBeNull();
    }
  });
});
