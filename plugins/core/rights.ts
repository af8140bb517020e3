import { protectedDomain } from './inbound/protected.ts';
import {
  formatMailbox,
  isPlainLocalPart,
  makeMailbox,
  parseDomain,
  parseMailbox,
  sameMailbox,
  withoutSubaddress,
  type Mailbox,
} from './mailbox.ts';
import type { Grant, Mode } from './words.ts';
import type { Policy } from './settings/settings.ts';

/** As whom somebody may write. */
export interface Rights extends Delegated {
  /** Mailboxes of its own. */
  readonly addresses: readonly Mailbox[];
  /** What becomes of mail that is of somebody else, whom we do not protect: a mail server may forward it. */
  readonly forwards: Mode;
}

/** What somebody may write beside his own addresses. */
export interface Delegated {
  /** Domains, as A-labels, of which every mailbox is its own; those below them are not. */
  readonly domains: readonly string[];
  /** Of whom it may write with a Sender of its own (RFC 5322 §3.6.2). */
  readonly onBehalf: readonly Mailbox[];
  readonly grants: readonly Grant[];
  /** Where there are any, it may write these combinations, and nothing else. */
  readonly pairs: readonly Pair[];
}

/** All grants that there are. */
export const grants = ['list', 'resend', 'helpdesk'] as const satisfies readonly Grant[];

/** Addresses that may stand in the envelope and in the header of the same message. */
export interface Pair {
  /** Absent: the null reverse-path. */
  readonly envelope?: AddressPattern;
  readonly header: AddressPattern;
}

/** A mailbox, or without `local` every mailbox of a domain. */
export interface AddressPattern {
  readonly local?: string;
  readonly domain: string;
}

export const nothingDelegated: Delegated = { domains: [], onBehalf: [], grants: [], pairs: [] };

/** Where an address stands: MAIL FROM, From, Sender, or Resent-From and Resent-Sender. */
export type Place = 'envelope' | 'from' | 'sender' | 'resent';

/**
 * By which rule an address may be used. The first three hold by themselves: it is owned, is an owned one with a sub-address
 * (RFC 5233), or of an owned domain. The others depend on the message: that its envelope is of the same pair; that Sender is
 * its own; that it is of a list of its own; that it is sent again by it; that it is proven to be real.
 */
export type Rule = 'owned' | 'subaddress' | 'domain' | 'pair' | 'on-behalf' | 'list' | 'resend' | 'forward';

/** Why a mailbox may be used, and which address gives the right. */
export interface Right {
  readonly rule: Rule;
  /** By a domain or a grant it is the mailbox itself. */
  readonly owned: Mailbox;
  readonly pair?: Pair;
}

/** What of the settings bears on rights. */
type Circumstances = Pick<Policy, 'sender' | 'protected_domains'>;

/** Reads `local@domain` or `*@domain`. */
export function parseAddressPattern(text: string): AddressPattern | undefined {
  if (!text.startsWith('*@')) return parseMailbox(text);
  const domain = parseDomain(text.slice(2));
  return domain === undefined ? undefined : { domain };
}

/** As the directory has it; `*@` for what nobody can read, `<>` for the null reverse-path. */
export function formatAddressPattern(pattern: AddressPattern | undefined): string {
  if (!pattern) return nullPath;
  const { local, domain } = pattern;
  const mailbox = makeMailbox(local, domain);
  return mailbox ? formatMailbox(mailbox) : `*@${domain}`;
}

const nullPath = '<>';

/** Reads `ENVELOPE HEADER`; the envelope may be `<>`. */
export function parsePair(text: string): Pair | undefined {
  const [first = '', second = '', ...more] = text.split(' ');
  const [envelope, header] = [parseAddressPattern(first), parseAddressPattern(second)];
  if (!header || more.length > 0) return undefined;
  if (first === nullPath) return { header };
  return envelope && { envelope, header };
}

/** Every right to write a mailbox in a place, the one that needs least first; none where there is no right. */
export function rightsTo(
  mailbox: Mailbox,
  place: Place,
  rights: Rights,
  how: Circumstances,
): readonly Right[] {
  if (rights.pairs.length > 0) return pairedRights(mailbox, place, rights, how);
  const own = ownRight(mailbox, rights, how);
  return own ? [own] : lentRights(mailbox, place, rights, how);
}

/** The right of whom an address belongs to, in every place. */
export function ownRight(
  mailbox: Mailbox,
  { addresses, domains }: Pick<Rights, 'addresses' | 'domains'>,
  { sender }: Pick<Circumstances, 'sender'>,
): Right | undefined {
  const itself = addresses.find((owned) => sameMailbox(owned, mailbox));
  if (itself) return { rule: 'owned', owned: itself };
  const base = withoutSubaddress(mailbox, sender.subaddress_separator);
  const owned = addresses.find((each) => sameMailbox(each, base));
  if (owned) return { rule: 'subaddress', owned };
  // What needs quotes some readers take for another address.
  const isPlain = isPlainLocalPart(mailbox.local);
  return isPlain && domains.includes(mailbox.domain) ? { rule: 'domain', owned: mailbox } : undefined;
}

/** Whether a mailbox, or the one without its sub-address, is meant. */
export function matchesPattern(
  mailbox: Mailbox,
  { local, domain }: AddressPattern,
  how: Pick<Circumstances, 'sender'>,
): boolean {
  const named = local === undefined ? undefined : makeMailbox(local, domain);
  const rights = named ? { addresses: [named], domains: [] } : { addresses: [], domains: [domain] };
  return ownRight(mailbox, rights, how) !== undefined;
}

/** Whether an address is of somebody whom nobody else may write as: of a protected domain, or of one of the identity's own. */
export function isLocal(
  { domain }: Pick<Mailbox, 'domain'>,
  { addresses }: Pick<Rights, 'addresses'>,
  how: Circumstances,
): boolean {
  return protectedDomain(domain, how) !== undefined || addresses.some((own) => own.domain === domain);
}

function pairedRights(mailbox: Mailbox, place: Place, { pairs }: Rights, how: Circumstances): Right[] {
  const side = place === 'envelope' ? 'envelope' : 'header';
  return pairs
    .filter(({ [side]: pattern }) => pattern && matchesPattern(mailbox, pattern, how))
    .map((pair) => ({ rule: 'pair', owned: mailbox, pair }));
}

/** Grants by place; `forward` is for whatever others have written. */
const lent: Readonly<Record<Place, readonly Rule[]>> = {
  envelope: ['forward'],
  from: ['on-behalf', 'list', 'resend', 'forward'],
  sender: ['resend', 'forward'],
  resent: ['resend', 'forward'],
};

function lentRights(mailbox: Mailbox, place: Place, rights: Rights, how: Circumstances): Right[] {
  const isForeign = !isLocal(mailbox, rights, how);
  const holds: Partial<Record<Rule, boolean>> = {
    'on-behalf': rights.onBehalf.some((each) => sameMailbox(each, mailbox)),
    list: rights.grants.includes('list'),
    resend: isForeign && rights.grants.includes('resend'),
    forward: isForeign && rights.forwards !== 'off',
  };
  return lent[place].filter((rule) => holds[rule]).map((rule) => ({ rule, owned: mailbox }));
}
