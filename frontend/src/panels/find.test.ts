import { describe, expect, it } from 'vitest';
import { incident, row, sensor } from '../state/testing';
import { decodeTrack } from '../state/track';
import { find, parseCoordinates } from './find';
import { initials } from './what';

const where = {
  incidents: [incident({ no: 31 })],
  tracks: [decodeTrack(row(31, 0)), decodeTrack(row(8, 0))],
  sensors: [sensor({ name: 'Тепловізор «Південь»' })],
  geofences: [],
  nameIncident: (each: { no: number }) => `Alarm #${each.no} · Tripwire 14`,
  nameTrack: (each: { no: number }) => `Track ${each.no} · person`,
};
const kinds = (text: string) => find(text, where).map((each) => each.kind);

describe('find', () => {
  it('finds by number and by name, without regard to capitals, in any alphabet', () => {
    expect(kinds('31')).toEqual(['incident', 'track']);
    expect(kinds('#31')).toEqual(['incident', 'track']);
    expect(kinds('8')[0]).toBe('track');
    expect(kinds('південь')).toEqual(['sensor']);
    expect(kinds('tripwire')).toEqual(['incident']);
    expect(kinds('  ')).toEqual([]);
  });

  it('takes coordinates, latitude first', () => {
    expect(parseCoordinates('50.61234, 24.10001')).toEqual({ lat: 50.61234, lon: 24.10001 });
    expect(parseCoordinates('50.6 24.1')).toEqual({ lat: 50.6, lon: 24.1 });
    expect(parseCoordinates('95.0, 24.1')).toBeNull();
    expect(parseCoordinates('31')).toBeNull();
    expect(kinds('50.6, 24.1')).toEqual(['place']);
  });
});

describe('initials', () => {
  it('stand for a name', () => {
    expect(initials('Y. Petrenko')).toBe('YP');
    expect(initials('Олександра Константинопольська')).toBe('ОК');
    expect(initials('admin')).toBe('A');
  });
});
