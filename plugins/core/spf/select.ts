import type { Answer, DomainName } from '../dns/dns.ts';
import { RecordError } from './macro-string.ts';
import { printable } from './octets.ts';
import { parseRecord, type SpfRecord } from './record.ts';
import { SpfError } from './result.ts';

/**
 * Records that were read, by their text, or why they cannot be: the same few come again and again, from a cache or not. What
 * is made of one is up to a hundred times larger than its text: when there is too much of it, all is forgotten.
 */
const known = new Map<string, SpfRecord | string>();
let knownOctets = 0;
const mostOctets = 256 * 1024;
const longestKept = 4096;

/** The domain's record (RFC 7208 §4.5), `undefined` without one; throws SpfError for a record that is none (§4.6). */
export function selectRecord(answer: Answer<'TXT'>, domain: DomainName): SpfRecord | undefined {
  if (answer.kind !== 'records') return undefined;
  const [text, ...more] = answer.records.filter(isSpf);
  if (text === undefined) return undefined;
  const record = more.length > 0 ? `${more.length + 1} SPF records` : (known.get(text) ?? read(text));
  if (typeof record !== 'string') return record;
  throw new SpfError('permerror', `${printable(domain)}: ${record}`);
}

function read(text: string): SpfRecord | string {
  const record = parsed(text);
  if (text.length > longestKept) return record;
  if (knownOctets > mostOctets) {
    known.clear();
    knownOctets = 0;
  }
  knownOctets += text.length;
  known.set(text, record);
  return record;
}

function parsed(text: string): SpfRecord | string {
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
