import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from './en.json';
import pl from './pl.json';
import uk from './uk.json';

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(prefix + key, value);
    else for (const [k, v] of flat(value, `${prefix}${key}.`)) found.set(k, v);
  }
  return found;
}

const PLURAL = /_(zero|one|two|few|many|other)$/;
const isPlural = (key: string, text: string) => PLURAL.test(key) && text.includes('{{count}}');
const base = (key: string, text: string) => (isPlural(key, text) ? key.replace(PLURAL, '') : key);
const sorted = (keys: Iterable<string>) => [...new Set(keys)].sort();
const basesOf = (dictionary: Map<string, string>) =>
  sorted([...dictionary].map(([key, text]) => base(key, text)));
const dictionaries = { en: flat(en), uk: flat(uk), pl: flat(pl) };
const bases = basesOf(dictionaries.en);

const holes = (text: string) => sorted(text.match(/\{\{\s*\w+\s*\}\}/g) ?? []);

describe.each(Object.entries(dictionaries))('the %s dictionary', (language, dictionary) => {
  it('has the keys of all others', () => {
    expect(basesOf(dictionary)).toEqual(bases);
  });

  it('has each plural form of its language', () => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const plural = basesOf(dictionary).filter((key) => !dictionary.has(key));
    for (const key of plural) {
      for (const form of forms)
        expect(dictionary.has(`${key}_${form}`), `${key}_${form}`).toBe(true);
    }
  });

  it('has no empty sentence and the same blanks as English', () => {
    for (const [key, text] of dictionary) {
      expect(text.trim(), key).not.toBe('');
      const model =
        dictionaries.en.get(key) ?? dictionaries.en.get(`${base(key, text)}_other`) ?? 'missing';
      expect(holes(text), key).toEqual(holes(model));
    }
  });
});

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.tsx?$/.test(entry.name) && !entry.name.includes('.test.') ? [path] : [];
  });
}

describe('the words that the screens ask for', () => {
  const texts = sources(join(import.meta.dirname, '..')).map((path) => readFileSync(path, 'utf8'));
  const asked = texts.flatMap((text) =>
    [...text.matchAll(/\bt\(\s*'([\w.]+)'/g)].map((match) => match[1] as string),
  );
  const begun = texts.flatMap((text) =>
    [...text.matchAll(/[`']([a-z_]+(?:\.[a-z_]+)*[._])(?:\$\{|')/g)].map(
      (match) => match[1] as string,
    ),
  );
  const quoted = new Set(
    texts.flatMap((text) => [...text.matchAll(/'([a-z_]+(?:\.[a-z_]+)+)'/g)].map((m) => m[1])),
  );

  it('are all in the dictionaries', () => {
    expect(asked.length).toBeGreaterThan(100);
    expect(asked.filter((key) => !bases.includes(key))).toEqual([]);
  });

  it('are all the words there are', () => {
    const unused = bases.filter(
      (key) =>
        !asked.includes(key) && !quoted.has(key) && !begun.some((prefix) => key.startsWith(prefix)),
    );
    expect(unused).toEqual([]);
  });
});
