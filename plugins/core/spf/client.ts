import { domainToASCII } from 'node:url';
import type { DomainName } from '../dns/dns.ts';
import { type Address, parseClient } from './address.ts';
import { withoutLastDot } from './macro-string.ts';
import { foldAscii, isAscii, isName, printable, toOctets } from './octets.ts';
import { SpfError, type SpfQuestion } from './result.ts';

/** Who sends, in octets: what macros stand for. */
export interface Client {
  readonly ip: Address;
  readonly local: string;
  /** Of the sender; perhaps nothing that can be checked. */
  readonly domain: DomainName;
  readonly helo: string;
  readonly receiver: string;
  readonly now: Date | undefined;
}

/** Longer is in no SMTP session (RFC 5321 §4.5.3.1), and every macro of a record costs as much as its value is long. */
const longestValue = 512;

/** Reads the question; throws SpfError where the caller has no address to ask for. */
export function readClient({ ip, sender, helo, receiver = 'unknown', now }: SpfQuestion): Client {
  const address = parseClient(ip);
  if (!address) throw new SpfError('temperror', `no IP address: ${printable(toOctets(ip), 60)}`);
  // RFC 7208 §2.4: the null sender is postmaster at the HELO domain.
  const mailbox = sender === '' ? `postmaster@${helo}` : sender;
  const at = mailbox.lastIndexOf('@');
  return {
    ip: address,
    // §4.3: no local-part is postmaster.
    local: at < 1 ? 'postmaster' : toValue(mailbox.slice(0, at)),
    domain: readDomain(mailbox.slice(at + 1)),
    helo: toValue(helo),
    receiver: toValue(receiver),
    now,
  };
}

/** Why §4.3 says "none" of a domain; `undefined` for one that can be looked up. */
export function whyUncheckable(domain: DomainName): string | undefined {
  if (domain.startsWith('[')) return 'an address literal has no SPF record';
  if (!isName(domain)) return 'this is no domain name';
  return domain.includes('.') ? undefined : 'a name of one label has no SPF record';
}

function toValue(text: string): string {
  return toOctets(text.slice(0, longestValue)).slice(0, longestValue);
}

/** RFC 7208 §4.3: U-labels are asked for as A-labels. What is no name stays as it is, for nobody to ask. */
function readDomain(text: string): DomainName {
  if (isAscii(text)) return foldAscii(withoutLastDot(text));
  // domainToASCII percent-decodes, drops tabs and reads numbers as addresses: only plain letters may reach it.
  const isPlain = text.length <= longestValue && /^[A-Za-z0-9._\u0080-\u{10FFFF}-]+$/u.test(text);
  return isPlain ? withoutLastDot(domainToASCII(text)) : '';
}
