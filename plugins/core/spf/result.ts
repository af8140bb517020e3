import type { QualifiedResult } from './record.ts';
import type { TracedCheck } from './trace.ts';

/** RFC 7208 §2.6. */
export type SpfResult = QualifiedResult | 'none' | 'temperror' | 'permerror';

/** What check_host() is asked (RFC 7208 §4.1). */
export interface SpfQuestion {
  /** Of the client; an IPv4-mapped one is taken for the IPv4 address. */
  readonly ip: string;
  /** MAIL FROM without brackets, its local-part without quotes; empty for the null sender, where HELO is checked (§2.4). */
  readonly sender: string;
  /** What the client said in HELO or EHLO. */
  readonly helo: string;
  /** The host that checks, for macro "r" of explanations. */
  readonly receiver?: string;
  /** For macro "t" of explanations; now, without it. */
  readonly now?: Date;
}

/** What check_host() answers, and how it came to it. */
export interface SpfOutcome {
  readonly result: SpfResult;
  /** The domain that was checked: octets, in lower case, as A-labels. */
  readonly domain: string;
  /** Of a fail, by the domain that publishes it (§6.2): printable ASCII of 500 octets at most, for nobody to trust. */
  readonly explanation?: string;
  /** The term that matched, as it stands in the record; none did without it. */
  readonly mechanism?: string;
  /** The record that gave the result, of which the first 1,024 octets are told. */
  readonly record?: string;
  readonly lookups: SpfLookups;
  readonly trace: TracedCheck;
  /** Why it is none, a permerror or a temperror, in a line of printable ASCII. */
  readonly because?: string;
}

export interface SpfLookups {
  /** Terms that ask the DNS (§4.6.4). */
  readonly terms: number;
  /** Terms that were answered with nothing (§4.6.4). */
  readonly voids: number;
  /** Questions that were sent to the DNS port. */
  readonly queries: number;
}

/** What ends an evaluation at once; the message is one line, printable. */
export class SpfError extends Error {
  override readonly name = 'SpfError';
  readonly result: 'permerror' | 'temperror';

  constructor(result: 'permerror' | 'temperror', because: string) {
    super(because);
    this.result = result;
  }
}
