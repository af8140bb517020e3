import { searchOf, union, type Search } from './dn-template.ts';
import type { Found } from './ini.ts';
import { exampleBase, known, toFillIn, type Directory } from './proposal.ts';

/** Where accounts are searched, by which filter, and what is to say about it. */
export interface Places extends Pick<Directory, 'base' | 'filter'> {
  readonly notes: readonly string[];
}

/** The search for the accounts that templates of a DN stood for. */
export function placesOf(templates: readonly Found[]): Places {
  const all = templates.map(({ value, from }) => {
    const text = String(value);
    return { text, comment: `${from} = ${text}`, search: searchOf(text) };
  });
  const found = all.flatMap(({ search }): Search[] => (search === undefined ? [] : [search]));
  const strange = all.filter(({ search }) => search === undefined).map(({ text }) => text);
  const { base, filter } = union(found) ?? {};
  const why =
    all.length === 0 ? 'There was no template of a DN' : all.map(({ comment }) => comment).join('\n');
  const isWhole = strange.length === 0 && filter !== undefined;
  return {
    base: (isWhole && base !== undefined ? known : toFillIn)(base ?? exampleBase, why),
    filter: (isWhole ? known : toFillIn)(filter ?? '(uid={login})', 'A login is what %u stood for'),
    notes: [
      ...strange.map(
        (text) => `${text}: no search finds what this binds as; write base and filter yourself.`,
      ),
      ...(found.length > 1 ? [severalPlaces] : []),
      ...(isWhole ? [`${logins} ${filter}.`] : []),
    ],
  };
}

const severalPlaces =
  'Several templates became one search. Before, the first that took the password won; now a login that finds two entries ' +
  'is answered 454, and the log names it.';

const logins =
  'Users log in by the names they have now, wherever below base the entry is. To let them log in by mail address, write ' +
  '(mail={login}) instead of';
