import { isIP } from 'node:net';
import type { Signal } from '../deadline.ts';
import type { Answer, Dns, DomainName, RecordType } from '../dns/dns.ts';
import { plainName } from './plain-name.ts';
import type { Tlsa } from './tlsa.ts';

/** What the DNS says of how to connect to a host. */
export type DaneLookup =
  /** RFC 7672 §2.2: TLS is mandatory, and so is authentication, unless all of the records are unusable. */
  | {
      readonly kind: 'secure';
      /** At least one, authenticated. */
      readonly records: readonly Tlsa[];
      /** The TLSA base domain (§2.2.3): it is to be named by SNI (§8.1), and the first reference identifier (§3.2.2). */
      readonly host: DomainName;
      /** As it was given. §2.2.1: where it is false, somebody else may have named this host, under his own TLSA records. */
      readonly mxIsSecure: boolean;
    }
  /** RFC 7672 §2.2: nothing is authenticated, or it is authenticated that there is nothing: TLS as without DANE. */
  | { readonly kind: 'none' }
  /** RFC 7672 §2.1.2 and §2.2: it cannot be known, so that the host must not be used now. */
  | { readonly kind: 'failed'; readonly why: string };

const none: DaneLookup = { kind: 'none' };

/**
 * Looks for the TLSA records of a host (RFC 7672 §2.2.2 and §2.2.3). An MX that is not authenticated does not matter here: §2.2.1
 * allows DANE for a host that it names, which protects from everybody but who has forged the MX. Rejects only for a signal that is
 * aborted, with its reason.
 */
export async function findTlsa(
  dns: Dns,
  host: DomainName,
  port: number,
  mxIsSecure: boolean,
  signal?: Signal,
): Promise<DaneLookup> {
  const name = plainName(host);
  // An address has no name that a zone could sign.
  if (isIP(name) !== 0) return none;
  const bases = await baseDomains(dns, name, signal);
  if ('kind' in bases) return bases;
  for (const base of bases) {
    const question = `_${port}._tcp.${base}`;
    const answer = await dns.resolve(question, 'TLSA', signal);
    const trouble = troubleOf(answer, 'TLSA', question);
    // §2.2: bogus, SERVFAIL and silence may all be an attack that is to hide the records.
    if (trouble !== undefined) return failed(trouble);
    // §2.2.3: the next one, where there are none, or they are not authenticated.
    if (answer.kind !== 'records' || answer.isAuthentic !== true) continue;
    return { kind: 'secure', records: answer.records, host: base, mxIsSecure };
  }
  return none;
}

/** Where TLSA records of a host may be, in order (§2.2.2); or what is clear without looking there. */
async function baseDomains(
  dns: Dns,
  host: DomainName,
  signal: Signal | undefined,
): Promise<readonly DomainName[] | DaneLookup> {
  const [v4, v6] = await Promise.all([dns.resolve(host, 'A', signal), dns.resolve(host, 'AAAA', signal)]);
  const found = [v4, v6].filter((answer) => answer.kind === 'records');
  // §2.1.2: addresses of one kind are enough to connect to.
  if (found.length === 0) {
    const trouble = troubleOf(v4, 'A', host) ?? troubleOf(v6, 'AAAA', host);
    return failed(trouble ?? `${host} has no address`);
  }
  const secure = found.find(({ isAuthentic }) => isAuthentic === true);
  // §2.2.2: what the host is an alias of comes first, where all of the chain is authenticated, and then the host.
  if (secure) return [...new Set([secure.canonicalName ?? host, host])];
  const isAlias = found.some(({ canonicalName = host }) => canonicalName !== host);
  // §2.2.2: no TLSA records are looked up below a name that is not authenticated: some servers do not answer such questions.
  return isAlias ? ofAlias(dns, host, signal) : none;
}

/** §2.2.2: an alias of a signed zone may lead out of it; then the host alone can have TLSA records. */
async function ofAlias(
  dns: Dns,
  host: DomainName,
  signal: Signal | undefined,
): Promise<readonly DomainName[] | DaneLookup> {
  const answer = await dns.resolve(host, 'CNAME', signal);
  const trouble = troubleOf(answer, 'CNAME', host);
  if (trouble !== undefined) return failed(trouble);
  return answer.kind === 'records' && answer.isAuthentic === true ? [host] : none;
}

function failed(why: string): DaneLookup {
  return { kind: 'failed', why };
}

/** Why an answer is none; undefined where it is a fact. */
export function troubleOf(
  answer: Answer<RecordType>,
  type: RecordType,
  name: DomainName,
): string | undefined {
  if (answer.kind === 'timeout') return `${type} ${name}: nobody answered in time`;
  return answer.kind === 'servfail' ? `${type} ${name}: ${answer.because}` : undefined;
}
