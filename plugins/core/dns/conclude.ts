import type { DomainName, RecordData, RecordType } from './dns.ts';
import {
  FormatError,
  internet,
  rcodes,
  readSections,
  typeNumbers,
  type Question,
  type RawRecord,
  type Reading,
  type Sections,
} from './message.ts';
import { isWithin, lowerCased } from './name.ts';
import { readName } from './read-name.ts';
import { readData, readDomain } from './record-data.ts';

/** What one answer says; TTLs in seconds, undefined where it does not say how long it holds. */
export type Conclusion =
  | (Source & {
      readonly kind: 'records';
      readonly records: readonly RecordData[RecordType][];
      readonly ttl: number;
    })
  | (Source & { readonly kind: 'no-data' | 'nxdomain'; readonly ttl: number | undefined })
  /** The name is an alias, and the answer does not say what the last name of the chain has. */
  | { readonly kind: 'alias'; readonly chain: Chain }
  | { readonly kind: 'failure'; readonly because: string };

/** Which name it is about in the end, and whether all servers that were asked on the way say that it is authenticated. */
export interface Source {
  readonly name: DomainName;
  readonly isAuthentic: boolean;
}

/** The aliases that were followed from the name that was asked for, over one answer or several. */
export interface Chain {
  /** In lower case, the last being the one that answers. */
  readonly names: ReadonlySet<DomainName>;
  readonly last: DomainName;
  /** The smallest TTL on the way. */
  readonly ttl: number;
  /** Whether every answer on the way was authenticated, by its own word. */
  readonly isAuthentic: boolean;
}

/** Each alias may cost a question; nobody needs so many. */
const mostAliases = 8;

/** RFC 1035 §4.1.4: the two highest bits are set. */
const firstPointer = 0xc000;

export function startChain(name: DomainName): Chain {
  const last = lowerCased(name);
  return { names: new Set([last]), last, ttl: Infinity, isAuthentic: true };
}

/** Reads an answer for the last name of the chain, and follows the aliases that it has. Never throws. */
export function conclude(message: Buffer, question: Question, chain: Chain): Conclusion {
  try {
    const sections = readSections(message, question);
    const { rcode } = sections;
    if (rcode !== rcodes.noError && rcode !== rcodes.nameError)
      return failure(`answered ${nameOfRcode(rcode)}`);
    return follow(question.type, sections, chain);
  } catch (error) {
    if (error instanceof FormatError) return failure(`sent ${error.message}`);
    throw error;
  }
}

function follow(type: RecordType, sections: Sections, start: Chain): Conclusion {
  const wanted = byOwner(sections, sections.answers, typeNumbers[type]);
  const aliases = byOwner(sections, sections.answers, typeNumbers.CNAME);
  // The bit is about the whole answer (RFC 4035 §3.2.3), and all answers are needed.
  const first = { ...start, isAuthentic: start.isAuthentic && sections.isAuthentic };
  for (let chain: Chain = first; ;) {
    const found = wanted.get(chain.last);
    if (found !== undefined) return concludeWith(type, sections, found, chain);
    const alias = aliases.get(chain.last);
    if (alias === undefined) return concludeWithout(sections, chain, chain !== first);
    const longer = extend(sections, alias, chain);
    if (typeof longer === 'string') return failure(longer);
    chain = longer;
  }
}

/** The chain with one more name, or what is wrong. RFC 2181 §10.1: a name has one canonical name. */
function extend(reading: Reading, aliases: readonly RawRecord[], chain: Chain): Chain | string {
  const { names, ttl } = chain;
  const [last = '', ...others] = aliases.map(({ data, end }) => readDomain(reading, data, end, true));
  if (others.some((other) => other !== last)) return 'sent two aliases of one name';
  if (names.has(last)) return 'sent an alias that leads back to itself';
  if (names.size > mostAliases) return `sent a chain of more than ${mostAliases} aliases`;
  return { ...chain, names: new Set([...names, last]), last, ttl: smallestTtl(aliases, ttl) };
}

function concludeWith(
  type: RecordType,
  sections: Sections,
  found: readonly RawRecord[],
  chain: Chain,
): Conclusion {
  if (sections.rcode === rcodes.nameError) return failure('sent records of a name that does not exist');
  const records = found.map((record) => readData[type](sections, record));
  return { kind: 'records', records, ttl: smallestTtl(found, chain.ttl), ...sourceOf(chain) };
}

/** The answer holds no record for the last name of the chain: what follows from that (RFC 2308 §2). */
function concludeWithout(sections: Sections, chain: Chain, isAlias: boolean): Conclusion {
  const ttl = negativeTtl(sections, chain);
  // RFC 6604 §3: with aliases, the code is about the last name.
  if (sections.rcode === rcodes.nameError) return { kind: 'nxdomain', ttl, ...sourceOf(chain) };
  if (ttl !== undefined) return { kind: 'no-data', ttl, ...sourceOf(chain) };
  if (isAlias) return { kind: 'alias', chain };
  // RFC 2308 §2.2: servers without the SOA record mean that others have to be asked, which is not for us to do.
  if (sections.authority.some(({ type }) => type === typeNumbers.NS)) return failure('sent a referral');
  if (sections.answers.length > 0) return failure('sent records of something else');
  return { kind: 'no-data', ttl: undefined, ...sourceOf(chain) };
}

function sourceOf({ last, isAuthentic }: Chain): Source {
  return { name: last, isAuthentic };
}

/** RFC 2308 §5: the smaller of the TTL of the SOA record and of what it says. */
function negativeTtl(sections: Sections, chain: Chain): number | undefined {
  const soas = byOwner(sections, sections.authority, typeNumbers.SOA);
  for (const [owner, [soa]] of soas) {
    if (soa === undefined || !isWithin(chain.last, owner)) continue;
    // Two names of an octet at least, and five numbers, the last of which is wanted.
    if (soa.end - soa.data < 22) throw new FormatError('an SOA record that is cut short');
    return smallestTtl([soa], Math.min(seconds(sections.message.readUInt32BE(soa.end - 4)), chain.ttl));
  }
  return undefined;
}

/** The records of a type, by their owner in lower case. What is not of the class, or has no such name, is left out. */
function byOwner(
  reading: Reading,
  records: readonly RawRecord[],
  type: number,
): Map<DomainName, RawRecord[]> {
  const found = new Map<DomainName, RawRecord[]>();
  let last: { pointer: number; owner: DomainName | undefined } | undefined;
  for (const record of records) {
    if (record.type !== type || record.class !== internet) continue;
    // Mostly all owners are one pointer to the name of the question: it is read once.
    const pointer = reading.message.readUInt16BE(record.owner);
    if (pointer < firstPointer || pointer !== last?.pointer)
      last = { pointer, owner: readName(reading, record.owner, true).name };
    if (last.owner === undefined) continue;
    const others = found.get(last.owner);
    if (others === undefined) found.set(last.owner, [record]);
    else others.push(record);
  }
  return found;
}

function smallestTtl(records: readonly RawRecord[], bound: number): number {
  return records.reduce((smallest, { ttl }) => Math.min(smallest, seconds(ttl)), bound);
}

/** RFC 2181 §8: with the highest bit set it is as good as 0. */
function seconds(ttl: number): number {
  return ttl > 0x7fff_ffff ? 0 : ttl;
}

function failure(because: string): Conclusion {
  return { kind: 'failure', because };
}

function nameOfRcode(rcode: number): string {
  return (
    {
      [rcodes.formatError]: 'FORMERR',
      [rcodes.serverFailure]: 'SERVFAIL',
      [rcodes.notImplemented]: 'NOTIMP',
      [rcodes.refused]: 'REFUSED',
    }[rcode] ?? `with code ${rcode}`
  );
}
