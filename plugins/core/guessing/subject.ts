import { longestLogin } from '../directory/login.ts';
import { foldedLogin } from '../directory/spelling.ts';
import { formatAddress, parseClient, type Address } from '../spf/address.ts';

/** In characters: folding makes some names longer, and many are kept in memory. */
const longestAccount = 256;

/** Stands for every name that nobody can have. */
const nobody = '@';

/** One letter that is two to Active Directory. */
const ligatures: Readonly<Record<string, string>> = { æ: 'ae', œ: 'oe' };

/** By what logins are counted: the folded login without its sub-address. Two accounts that it takes for one share counters. */
export function accountOf(login: string, separator: string): string {
  if (Buffer.byteLength(login) > longestLogin) return nobody;
  const folded = foldedLogin(login).replace(/[æœ]/g, (letter) => ligatures[letter] ?? letter);
  const at = folded.lastIndexOf('@');
  const cut = separator === '' ? -1 : folded.indexOf(separator);
  const account = cut > 0 && cut < at ? folded.slice(0, cut) + folded.slice(at) : folded;
  // No name at all is somebody too: an empty account stands for none.
  return account === '' ? nobody : account.slice(0, longestAccount);
}

/** The networks of a client, as `ADDRESS/PREFIX`. */
export interface Networks {
  /** That of one attacker: an IPv4 address, the /64 of IPv6 (RFC 4291 §2.5.4), in which addresses cost nothing. */
  readonly own: string;
  /** Around it, ever wider. */
  readonly around: readonly string[];
  /** By which an account is known: people come back with another address of it. */
  readonly home: string;
}

/** The networks of the address of a client; `undefined` for what is no address. */
export function networksOf(client: string): Networks | undefined {
  const address = parseClient(client);
  if (!address) return undefined;
  if (address.family === 4) {
    const home = networkOf(address, 24);
    return { own: networkOf(address, 32), around: [home], home };
  }
  const home = networkOf(address, 56);
  return { own: networkOf(address, 64), around: [home, networkOf(address, 48)], home };
}

function networkOf({ family, groups }: Address, prefix: number): string {
  const kept = groups.map((group, index) => {
    const bits = Math.min(16, Math.max(0, prefix - 16 * index));
    return group & (0xffff << (16 - bits)) & 0xffff;
  });
  return `${formatAddress({ family, groups: kept })}/${prefix}`;
}
