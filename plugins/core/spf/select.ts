import type { Answer, DomainName } from '../dns/dns.ts';
import { RecordError } from './macro-string.ts';
import { printable } from './octets.ts';
import { parseRecord, type SpfRecord } from './record.ts';
import { SpfError } from './result.ts';

/** A record that was read, or why it cannot be; `undefined` where there is none. */
type Selection = SpfRecord | string | undefined;

/**
 * A cache gives the same answer to each who asks: it is read once. What is made of a record is up to a hundred times larger
 * than its text, and the cache that holds the answer does not know of it: all is forgotten when there is too much of it.
 */
let selections = new WeakMap<Answer<'TXT'>, Selection>();
let keptOctets = 0;
const mostOctets = 256 * 1024;
const longestKept = 4096;

/** The domain's record (RFC 7208 §4.5), `undefined` without one; throws SpfError for a record that is none (§4.6). */
export function selectRecord(answer: Answer<'TXT'>, domain: DomainName): SpfRecord | undefined {
  if (answer.kind !== 'records') return undefined;
  const selection = selections.has(answer) ? selections.get(answer) : read(answer, answer.records);
  if (typeof selection !== 'string') return selection;
  throw new SpfError('permerror', `${printable(domain)}: ${selection}`);
}

function read(answer: Answer<'TXT'>, texts: readonly string[]): Selection {
  const selection = readOne(texts.filter(isSpf));
  const octets = typeof selection === 'object' ? selection.text.length : 64;
  if (octets <= longestKept) keep(answer, selection, octets);
  return selection;
}

function keep(answer: Answer<'TXT'>, selection: Selection, octets: number): void {
  if (keptOctets > mostOctets) {
    selections = new WeakMap();
    keptOctets = 0;
  }
  keptOctets += octets;
  selections.set(answer, selection);
}

function readOne([text, ...more]: readonly string[]): Selection {
  if (text === undefined) return undefined;
  if (more.length > 0) return `${more.length + 1} SPF records`;
  try {
    return parseRecord(text);
  } catch (error) {
    if (error instanceof RecordError) return error.message;
    throw error;
  }
}

/** §4.5: "v=spf1", in any case (RFC 5234 §2.3), then a space or the end. */
function isSpf(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}
