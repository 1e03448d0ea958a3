import { describe, expect, it } from 'vitest';
import { command, fileName, landmarksFile } from './file';
import type { Landmark } from './pairing';

const SIZE = { width: 640, height: 512 };
const MAST: Landmark = { no: 1, name: 'Mast', x: 0.25, y: 0.5, lon: 24.00123456, lat: -50.5 };

/** The rows of a file by the rules of RFC 4180, as Python's reader has them. */
function read(text: string): string[][] {
  const rows: string[][] = [];
  for (let rest = text; rest; ) {
    const row: string[] = [];
    for (let end = ','; end === ','; ) {
      const found = /^("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/.exec(rest);
      if (!found) throw new Error(`cannot be read: ${rest}`);
      const [all, field = '', delimiter = ''] = found;
      row.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
      rest = rest.slice(all.length);
      end = delimiter;
    }
    rows.push(row);
  }
  return rows;
}

describe('the file of landmarks', () => {
  it('has pixels of the picture, and degrees to the centimetre', () => {
    expect(landmarksFile([MAST], SIZE)).toBe(
      'name,x_px,y_px,lon_deg,lat_deg\r\nMast,160.00,256.00,24.0012346,-50.5000000\r\n',
    );
  });

  it('counts pixels from corner to corner', () => {
    const corners = [
      { ...MAST, x: 0, y: 0 },
      { ...MAST, x: 1, y: 1 },
      { ...MAST, x: 0.5 / 640, y: 511.5 / 512 },
    ];
    expect(read(landmarksFile(corners, SIZE)).map((row) => row.slice(1, 3))).toEqual([
      ['x_px', 'y_px'],
      ['0.00', '0.00'],
      ['640.00', '512.00'],
      ['0.50', '511.50'],
    ]);
  });

  it('never writes a number with an exponent', () => {
    const small = { ...MAST, x: 1e-9, lon: 1e-9, lat: -3e-8 };
    expect(read(landmarksFile([small], SIZE))[1]).toEqual([
      'Mast',
      '0.00',
      '256.00',
      '0.0000000',
      '-0.0000000',
    ]);
  });

  it.each([
    'Church, old',
    'the "Ford"',
    '"',
    'two\nlines',
    'two\r\nlines',
    'old\rline',
    '=1+1',
    "=cmd|' /C calc'!A0",
    '@SUM(1,2)',
    '-3',
    "Вежа, «Брід» п'ять",
    '🗼',
  ])('has the name %j as it was written, in one field', (name) => {
    const rows = read(landmarksFile([{ ...MAST, name }, MAST], SIZE));
    expect(rows.map((row) => row.length)).toEqual([5, 5, 5]);
    expect(rows.map((row) => row[0])).toEqual(['name', name, 'Mast']);
  });

  it('calls a landmark without a name by its number', () => {
    expect(read(landmarksFile([{ ...MAST, no: 7, name: '  ' }], SIZE))[1]?.[0]).toBe('7');
  });
});

describe('the command', () => {
  it('names the file and the camera', () => {
    expect(command('camera-hill')).toBe(
      'watchline-edge calibrate landmarks-camera-hill.csv -c edge.toml --sensor camera-hill',
    );
  });

  it('gives a shell a strange name whole', () => {
    expect(fileName("../the hill's; rm *")).toBe('landmarks-.._the_hill_s__rm__.csv');
    expect(command("hill's $(x)")).toBe(
      "watchline-edge calibrate landmarks-hill_s___x_.csv -c edge.toml --sensor 'hill'\\''s $(x)'",
    );
  });
});
