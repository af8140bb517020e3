import { tallyMaker, type Digest } from './digest.ts';
import { rowsIn } from './digest-rows.ts';
import type { TallyQuery } from './store.ts';
import type { Tally } from './tallies.ts';
import { asksForRows } from './tally-query.ts';
import { onlyAsked, TallySums } from './tally-sums.ts';

/** What was counted in a span of time: digests of a day, or tallies of others. No two parts have a day in common. */
export type Part = { readonly digests: readonly Digest[] } | { readonly tallies: readonly Tally[] };

/** What is asked of parts which are not digested: also what tells which of them come first. */
export function askedOfParts(query: TallyQuery): TallyQuery {
  const { amounts, most } = query;
  return {
    ...query,
    // Where rows are added up, what is little in each part may be much in all.
    most: asksForRows(query) ? most : undefined,
    amounts: amounts && [...new Set([...amounts, 'count', 'last'] as const)],
  };
}

/** What a query finds in parts, which come in the order of time. */
export function talliesIn(parts: readonly Part[], query: TallyQuery): readonly Tally[] {
  if (asksForRows(query)) return rowsOf(parts, query);
  const sums = new TallySums(query);
  for (const part of parts) {
    if ('tallies' in part) part.tallies.forEach((tally) => sums.addFound(tally));
    else part.digests.forEach((digest) => sums.addDay(digest));
  }
  return sums.sorted();
}

/** Rows as they are: of very many those with the highest counts are made tallies, and no others. */
function rowsOf(parts: readonly Part[], query: TallyQuery): readonly Tally[] {
  const { most } = query;
  const sourcesOf = (part: Part) =>
    'tallies' in part
      ? [ofTallies(part.tallies, query)]
      : part.digests.map((digest) => ofDigest(digest, query));
  if (most === undefined) {
    return parts.flatMap(sourcesOf).flatMap(({ rows, talliesOf }) => talliesOf(rows));
  }
  const newestFirst = parts
    .toReversed()
    .flatMap(sourcesOf)
    .map((source) => ({ source, rowsOf: byCount(source) }));
  const counts = [...new Set(newestFirst.flatMap(({ rowsOf: groups }) => [...groups.keys()]))];
  const found: Tally[] = [];
  for (const count of counts.sort((one, other) => other - one)) {
    for (const { source, rowsOf: groups } of newestFirst) {
      const rows = groups.get(count)?.slice(0, most - found.length) ?? [];
      source.talliesOf(rows).forEach((tally) => found.push(tally));
    }
  }
  return found;
}

interface Source {
  readonly rows: readonly number[];
  readonly countOf: (row: number) => number;
  readonly talliesOf: (rows: readonly number[]) => readonly Tally[];
}

function ofTallies(tallies: readonly Tally[], query: TallyQuery): Source {
  const withAsked = onlyAsked(query);
  return {
    rows: [...tallies.keys()],
    countOf: (row) => tallies[row]?.count ?? 0,
    talliesOf: (rows) => rows.flatMap((row) => tallies[row] ?? []).map(withAsked),
  };
}

function ofDigest(digest: Digest, query: TallyQuery): Source {
  const [rows, tallyOf] = [[...rowsIn(digest, query)], tallyMaker(digest, query.amounts)];
  return { rows, countOf: (row) => digest.count[row] ?? 0, talliesOf: (some) => some.map(tallyOf) };
}

function byCount({ rows, countOf }: Source): ReadonlyMap<number, readonly number[]> {
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    const group = groups.get(countOf(row));
    if (group) group.push(row);
    else groups.set(countOf(row), [row]);
  }
  return groups;
}
