/** The types that a zone may hold, with their numbers (RFC 1035 §3.2.2, RFC 3596 §2.1, RFC 6698 §7.1, RFC 7208 §3.1). */
export const typeNumbers = { A: 1, CNAME: 5, PTR: 12, MX: 15, TXT: 16, AAAA: 28, TLSA: 52, SPF: 99 } as const;

export type ZoneType = keyof typeof typeNumbers;

/** One record; text is octets, one character of U+0000 to U+00FF for each. */
export type ZoneRecord = (
  | { readonly A: string }
  | { readonly AAAA: string }
  | { readonly CNAME: string }
  | { readonly MX: readonly [preference: number, exchange: string] }
  | { readonly PTR: string }
  /** One string is cut into character-strings of 255 octets; a list is sent as it is. */
  | { readonly SPF: string | readonly string[] }
  | { readonly TXT: string | readonly string[] }
  | {
      readonly TLSA: {
        readonly usage: number;
        readonly selector: number;
        readonly matchingType: number;
        readonly data: Buffer;
      };
    }
) & {
  /** Seconds; that of the server where absent. */
  readonly TTL?: number;
};

/** Trouble in place of answers: for the types of a name that it has no record of, or for one type. */
export type ZoneTrouble =
  | 'TIMEOUT'
  | 'SERVFAIL'
  | { readonly TIMEOUT: ZoneType }
  | { readonly SERVFAIL: ZoneType };

/** What each name has. Names are octets as well; case and a dot at the end do not matter. */
export type Zone = Readonly<Record<string, readonly (ZoneRecord | ZoneTrouble)[]>>;

/** A record that belongs to an answer. */
export interface Found {
  readonly owner: string;
  readonly record: ZoneRecord;
}

export type ZoneAnswer =
  | { readonly kind: 'answer' | 'no-data' | 'nxdomain'; readonly found: readonly Found[] }
  | { readonly kind: 'TIMEOUT' | 'SERVFAIL' };

/** Finds what a zone says; with `chase` a CNAME is followed within the zone (RFC 1034 §4.3.2 step 3a). */
export type Lookup = (name: string, type: number, chase: boolean) => ZoneAnswer;

const longestChain = 16;

/** The answers of a zone that holds the whole tree of names. */
export function lookupIn(zone: Zone): Lookup {
  const names = new Map<string, (ZoneRecord | ZoneTrouble)[]>();
  for (const [name, entries] of Object.entries(zone)) {
    const key = keyOf(name);
    names.set(key, [...(names.get(key) ?? []), ...entries]);
  }
  // RFC 8020 §2: a name exists when there is one below it, and has no records of its own then.
  for (const name of [...names.keys()]) {
    for (let rest = parentOf(name); rest !== ''; rest = parentOf(rest))
      names.set(rest, names.get(rest) ?? []);
  }
  return (name, type, chase) => answer(names, name, type, chase);
}

function answer(
  names: ReadonlyMap<string, readonly (ZoneRecord | ZoneTrouble)[]>,
  question: string,
  type: number,
  chase: boolean,
): ZoneAnswer {
  const found: Found[] = [];
  for (let name = question; found.length <= longestChain;) {
    const entries = names.get(keyOf(name));
    if (entries === undefined) return { kind: 'nxdomain', found };
    const records = entries.filter(isRecord);
    const trouble = troubleOf(entries, records, type);
    if (trouble !== undefined) return { kind: trouble };
    const wanted = records.filter((record) => isOfType(record, type));
    if (wanted.length > 0)
      return { kind: 'answer', found: [...found, ...wanted.map((record) => ({ owner: name, record }))] };
    const alias = records.find((record) => 'CNAME' in record);
    if (alias === undefined) return { kind: 'no-data', found };
    found.push({ owner: name, record: alias });
    if (!chase) return { kind: 'answer', found };
    name = alias.CNAME;
  }
  return { kind: 'answer', found };
}

/** Whether an entry is a record, and not trouble. */
export function isRecord(entry: ZoneRecord | ZoneTrouble): entry is ZoneRecord {
  return typeof entry === 'object' && !('TIMEOUT' in entry) && !('SERVFAIL' in entry);
}

function isOfType(record: ZoneRecord, type: number): boolean {
  return Object.keys(record).some((key) => key in typeNumbers && typeNumbers[key as ZoneType] === type);
}

function troubleOf(
  entries: readonly (ZoneRecord | ZoneTrouble)[],
  records: readonly ZoneRecord[],
  type: number,
): 'TIMEOUT' | 'SERVFAIL' | undefined {
  for (const entry of entries) {
    if (typeof entry !== 'object') continue;
    if ('TIMEOUT' in entry && typeNumbers[entry.TIMEOUT] === type) return 'TIMEOUT';
    if ('SERVFAIL' in entry && typeNumbers[entry.SERVFAIL] === type) return 'SERVFAIL';
  }
  if (records.some((record) => isOfType(record, type) || 'CNAME' in record)) return undefined;
  return entries.find((entry) => typeof entry === 'string');
}

/** RFC 4343 §3: the case of ASCII letters does not matter, that of other octets does. */
function keyOf(name: string): string {
  const lower = name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

function parentOf(name: string): string {
  const dot = name.indexOf('.');
  return dot === -1 ? '' : name.slice(dot + 1);
}
