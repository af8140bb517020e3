import type { Signal } from '../deadline.ts';

/**
 * A domain name as octets: one character of U+0000 to U+00FF for each, labels separated by dots, no dot at the end.
 * Text of people is turned into UTF-8 octets before (RFC 6531 §3.2); any octet may stand in a label (RFC 2181 §11).
 */
export type DomainName = string;

/** What a question of each type is answered with. */
export interface RecordData {
  /** Address in dotted form. */
  readonly A: string;
  /** Address as RFC 5952 writes it. */
  readonly AAAA: string;
  /** The name that it is an alias of, and no further. */
  readonly CNAME: DomainName;
  readonly MX: { readonly preference: number; readonly exchange: DomainName };
  readonly PTR: DomainName;
  /** RFC 6698 §2.1, as it came: nothing says yet that the numbers mean anything. */
  readonly TLSA: {
    readonly usage: number;
    readonly selector: number;
    readonly matchingType: number;
    readonly data: Buffer;
  };
  /** The octets of the character-strings, joined without anything between (RFC 7208 §3.3). */
  readonly TXT: string;
}

export type RecordType = keyof RecordData;

/** What is known of an answer besides, where the servers that were asked validate (RFC 4035); absent elsewhere. */
export interface Validation {
  /** All of it is authenticated, with the aliases that lead to it (RFC 4035 §3.2.3). */
  readonly isAuthentic?: boolean;
  /** The name that has the records, or lacks them, in lower case: another than was asked for where that is an alias. */
  readonly canonicalName?: DomainName;
}

/** What the DNS says. These differ in what may be concluded: two of them are facts, two are trouble. */
export type Answer<T extends RecordType> =
  /** At least one, in the order of the answer; CNAMEs were followed. */
  | (Validation & { readonly kind: 'records'; readonly records: readonly RecordData[T][] })
  /** The name exists, without a record of this type (RFC 2308 §2.2). */
  | (Validation & { readonly kind: 'no-data' })
  /** The name does not exist (RFC 2308 §2.1); also of a name that cannot exist: no question is sent for that. */
  | (Validation & { readonly kind: 'nxdomain' })
  /** A server answered that it cannot, or answered what cannot be believed. */
  | { readonly kind: 'servfail'; readonly because: string }
  /** Nobody answered in time. */
  | { readonly kind: 'timeout' };

/** The DNS, as its users need it. Never rejects, but for a signal that is aborted, with its reason. */
export interface Dns {
  resolve<T extends RecordType>(name: DomainName, type: T, signal?: Signal): Promise<Answer<T>>;
}
