import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Zone, ZoneRecord, ZoneTrouble } from '../../../scripts/demo/dns-zone.ts';

/** One scenario of the suite: a zone, and what is asked of it. */
export interface Scenario {
  readonly description: string;
  readonly zone: Zone;
  readonly cases: readonly Case[];
}

export interface Case {
  readonly name: string;
  readonly host: string;
  readonly helo: string;
  readonly mailfrom: string;
  /** Each of these is right. */
  readonly results: readonly string[];
  /** `DEFAULT` stands for none of the domain's own. */
  readonly explanation?: string;
}

/** As it is written. */
interface ScenarioText {
  readonly description: string;
  readonly tests: Readonly<Record<string, Omit<Case, 'name' | 'results'> & { result: string | string[] }>>;
  readonly zonedata: Readonly<Record<string, readonly Entry[]>>;
}

type Entry = ZoneRecord | ZoneTrouble | { readonly TXT: 'NONE' };

/** The suite of openspf.org for RFC 7208, which is not ours to ship: next to the project, or where the variable says. */
const suiteFile = join(
  process.env['GATEKEEPER_SPF_SUITE'] ?? join(import.meta.dirname, '../../../../shared/spf'),
  'rfc7208-tests.yml',
);

/** Reads the suite; `undefined` where it is not, after saying so. */
export function readSuite(): Scenario[] | undefined {
  if (!existsSync(suiteFile)) {
    console.log(`the SPF test suite is not run: there is no ${suiteFile} (GATEKEEPER_SPF_SUITE)`);
    return undefined;
  }
  const documents = parseAllDocuments(readFileSync(suiteFile, 'utf8'));
  return documents.flatMap((document) => {
    const scenario = document.toJS() as ScenarioText | null;
    return scenario ? [scenarioOf(scenario)] : [];
  });
}

function scenarioOf({ description, tests, zonedata }: ScenarioText): Scenario {
  const zone = Object.entries(zonedata).map(([name, entries]) => [name, withTxt(entries)] as const);
  const cases = Object.entries(tests).map(([name, { result, ...test }]) => {
    return { ...test, name, results: [result].flat() };
  });
  return { description, cases, zone: Object.fromEntries(zone) };
}

/** A record of type SPF stands for one of type TXT too, unless there is one, if only `TXT: NONE`. */
function withTxt(entries: readonly Entry[]): (ZoneRecord | ZoneTrouble)[] {
  const kept = entries.filter((entry) => typeof entry === 'string' || !isNone(entry)) as (
    | ZoneRecord
    | ZoneTrouble
  )[];
  if (entries.some((entry) => typeof entry === 'object' && 'TXT' in entry)) return kept;
  const copies = kept.flatMap((entry) =>
    typeof entry === 'object' && 'SPF' in entry ? [{ TXT: entry.SPF }] : [],
  );
  return [...kept, ...copies];
}

function isNone(entry: Exclude<Entry, string>): boolean {
  return 'TXT' in entry && entry.TXT === 'NONE';
}
