import { distance } from 'fastest-levenshtein';
import { keysAt, valuesBelow, type Path } from './schema-tree.ts';
import { settingsSchema } from './settings.ts';

/** What was probably meant by an unknown key: one of its section, or the same key where it belongs. */
export function keyMeant(path: Path): string | undefined {
  const key = String(path.at(-1));
  const section = path.slice(0, -1);
  const near = nearest(key, keysAt(settingsSchema, section));
  if (near !== undefined) return [...section, near].map(String).join('.');
  return valuesBelow(settingsSchema)
    .map(([known]) => known)
    .find((known) => known.at(-1) === key)
    ?.join('.');
}

/** The word that was probably meant: the nearest, when it is near. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  // Two letters in the wrong order are two changes.
  const far = Math.max(2, Math.floor(word.length / 3)) + 1;
  const ranked = words.map((each) => ({ each, away: distance(plain(word), plain(each)) }));
  return ranked.filter(({ away }) => away < far).sort((a, b) => a.away - b.away)[0]?.each;
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_ ]/g, '');
}
