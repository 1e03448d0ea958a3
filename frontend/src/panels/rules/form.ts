/** The form of a rule, made from its kind's schema; pure. */

import { CLASS_ORDER, type JsonSchema, type ObjectClass, type RuleKind } from '../../api/types';
import { type DayWindow, hoursOf, windowsOf } from './hours';

export type Unit = 's' | 'm' | 'kmh' | 'celsius' | null;

interface Base {
  name: string;
  /** Asked of every kind, not only of this one. */
  shared: boolean;
  required: boolean;
  /** What the hub takes when it is left out. */
  preset: unknown;
}
export interface NumberField extends Base {
  look: 'number';
  unit: Unit;
  /** Bounds in the unit shown; `above`: the least itself is too little. */
  least: number | null;
  above: boolean;
  most: number | null;
  whole: boolean;
}
export interface ChoiceField extends Base {
  look: 'choice';
  options: string[];
}
export type RuleField =
  | NumberField
  | ChoiceField
  | (Base & { look: 'flag' | 'classes' | 'months' | 'hours' | 'geofence' });

export type Value =
  | string
  | boolean
  | number[]
  | DayWindow[]
  | Partial<Record<ObjectClass, string>>;
export type Values = Record<string, Value>;

/** Why a field cannot be sent. */
export interface Wrong {
  code: 'missing' | 'number' | 'whole' | 'least' | 'above' | 'most' | 'hours';
  n?: number;
}

/** What the hub counts in m/s is shown in km/h; shares are shown in percent. */
const KMH = 3.6;
const PERCENT: NumberField = {
  look: 'number',
  name: 'share',
  shared: true,
  required: false,
  preset: null,
  unit: null,
  least: 0,
  above: false,
  most: 100,
  whole: false,
};

const unitOf = (name: string): Unit =>
  name === 'seconds' || name.endsWith('_s')
    ? 's'
    : name === 'metres' || name.endsWith('_m')
      ? 'm'
      : name.endsWith('_mps')
        ? 'kmh'
        : name.endsWith('_c')
          ? 'celsius'
          : null;

const scaleOf = (field: NumberField): number => (field.unit === 'kmh' ? KMH : 1);
const round = (n: number): number => Number(n.toFixed(4));

/** The fields of a kind: its own, then those that every rule has. */
export function fieldsOf(kind: RuleKind): RuleField[] {
  const own = Object.keys(kind.properties).filter((name) => !kind.shared.includes(name));
  return [...own, ...kind.shared].map((name) => fieldOf(kind, name));
}

function fieldOf(kind: RuleKind, name: string): RuleField {
  const said = kind.properties[name] as JsonSchema;
  const schema = said.anyOf?.find((each) => each.type !== 'null') ?? said;
  const base: Base = {
    name,
    shared: kind.shared.includes(name),
    required: kind.required.includes(name),
    preset: kind.defaults[name] ?? null,
  };
  if (schema.enum) return { ...base, look: 'choice', options: [...schema.enum] };
  if (schema.type === 'boolean') return { ...base, look: 'flag' };
  if (schema.type === 'object') return { ...base, look: 'classes' };
  if (schema.type === 'string') return { ...base, look: 'geofence' };
  if (schema.type === 'array') {
    return { ...base, look: schema.items && schema.items.type === 'integer' ? 'months' : 'hours' };
  }
  const field: NumberField = {
    ...base,
    look: 'number',
    unit: unitOf(name),
    least: schema.minimum ?? schema.exclusiveMinimum ?? null,
    above: schema.exclusiveMinimum !== undefined,
    most: schema.maximum ?? null,
    whole: schema.type === 'integer',
  };
  const scale = scaleOf(field);
  const shown = (n: number | null) => (n === null ? null : round(n * scale));
  return { ...field, least: shown(field.least), most: shown(field.most) };
}

/** What the form shows for a rule's parameters, or for none yet. */
export function valuesOf(fields: readonly RuleField[], params: Record<string, unknown>): Values {
  return Object.fromEntries(
    fields.map((field) => [field.name, shownOf(field, params[field.name] ?? field.preset)]),
  );
}

function shownOf(field: RuleField, value: unknown): Value {
  switch (field.look) {
    case 'number':
      return typeof value === 'number' ? String(round(value * scaleOf(field))) : '';
    case 'flag':
      return value === true;
    case 'months':
      return (value ?? []) as number[];
    case 'hours':
      return windowsOf((value ?? []) as [number, number][]);
    case 'classes':
      return Object.fromEntries(
        Object.entries((value ?? {}) as Record<string, number>).map(([name, share]) => [
          name,
          String(round(share * 100)),
        ]),
      );
    default:
      return typeof value === 'string' ? value : '';
  }
}

/** The parameters to send: only what is unlike the presets; and what is wrong, by field. */
export function paramsOf(
  fields: readonly RuleField[],
  values: Values,
): { params: Record<string, unknown>; wrong: Record<string, Wrong> } {
  const params: Record<string, unknown> = {};
  const wrong: Record<string, Wrong> = {};
  for (const field of fields) {
    const read = readField(field, values[field.name]);
    if ('wrong' in read) wrong[field.name] = read.wrong;
    else if (JSON.stringify(read.value) !== JSON.stringify(field.preset)) {
      params[field.name] = read.value;
    }
  }
  return { params, wrong };
}

type Read = { value: unknown } | { wrong: Wrong };

function readField(field: RuleField, value: Value | undefined): Read {
  switch (field.look) {
    case 'number': {
      const read = readNumber(field, value as string);
      if ('wrong' in read || read.value === null) return read;
      return { value: round((read.value as number) / scaleOf(field)) };
    }
    case 'classes':
      return readClasses(value as Partial<Record<ObjectClass, string>>);
    case 'hours': {
      const hours = hoursOf(value as DayWindow[]);
      return hours === null ? { wrong: { code: 'hours' } } : { value: hours };
    }
    case 'choice':
    case 'geofence':
      return value ? { value } : { wrong: { code: 'missing' } };
    default:
      return { value };
  }
}

function readNumber(field: NumberField, text: string): Read {
  if (text.trim() === '') {
    return field.required ? { wrong: { code: 'missing' } } : { value: field.preset };
  }
  const n = Number(text.trim().replace(',', '.').replace('−', '-'));
  if (!Number.isFinite(n)) return { wrong: { code: 'number' } };
  if (field.whole && !Number.isInteger(n)) return { wrong: { code: 'whole' } };
  const { least, most } = field;
  if (least !== null && (field.above ? n <= least : n < least)) {
    return { wrong: { code: field.above ? 'above' : 'least', n: least } };
  }
  return most !== null && n > most ? { wrong: { code: 'most', n: most } } : { value: n };
}

function readClasses(asked: Partial<Record<ObjectClass, string>>): Read {
  const shares: Partial<Record<ObjectClass, number>> = {};
  for (const name of CLASS_ORDER) {
    const read = readNumber(PERCENT, asked[name] ?? '');
    if ('wrong' in read) return read;
    if (read.value !== null) shares[name] = round((read.value as number) / 100);
  }
  return { value: shares };
}
