import { X509Certificate } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { isFor } from '../certificate/names.ts';
import type { Answer, Dns } from '../dns/dns.ts';
import { download, UntrustedServer, type Download } from '../download.ts';
import { messageOf } from '../message-of.ts';
import { parsePolicy, type StsPolicy } from './policy.ts';

export interface StsFetching {
  /** Finds the addresses of the policy host. */
  readonly dns: Dns;
  /** Certificates (PEM) of the authorities that are trusted; those of Node.js where absent. */
  readonly ca?: string | undefined;
  /** For all of it together; RFC 8461 §3.3 suggests a minute. */
  readonly milliseconds: number;
  /** Where the policy host listens, if not where RFC 8461 says. */
  readonly port?: number | undefined;
}

/** Why a policy could not be had, as RFC 8460 §4.3.2 calls it. */
export type StsFault = 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid';

/** There is no policy; `message` says why. */
export class StsError extends Error {
  readonly type: StsFault;

  constructor(type: StsFault, why: string, cause?: unknown) {
    super(why, { cause });
    this.type = type;
  }
}

/** RFC 8461 §3.3 suggests it. */
const longestPolicy = 64 * 1024;

/** Of each family so many addresses are tried: a domain must not have us knock at any number of doors. */
const mostAddresses = 4;

/** Fetches the policy of a domain, in lower-case A-labels, as §3.3 says. Rejects with an StsError for all that is none. */
export async function fetchPolicy(domain: string, how: StsFetching): Promise<StsPolicy> {
  const text = textOf(await policyFile(domain, how));
  try {
    return parsePolicy(text);
  } catch (error) {
    throw new StsError('sts-policy-invalid', messageOf(error), error);
  }
}

async function policyFile(domain: string, { dns, ca, milliseconds, port = 443 }: StsFetching) {
  try {
    // No name that could be read as an address reaches the DNS; nobody else is told more than the name before proving it.
    const url = new URL(`https://mta-sts.${domain}:${port}/.well-known/mta-sts.txt`);
    const common = { ca, milliseconds, accept: 'text/plain', longest: longestPolicy };
    return await download(url, { ...common, lookup: lookupBy(dns), checkServerIdentity: checkName });
  } catch (error) {
    const isUntrusted = error instanceof UntrustedServer;
    throw new StsError(
      isUntrusted ? 'sts-webpki-invalid' : 'sts-policy-fetch-error',
      messageOf(error),
      error,
    );
  }
}

function textOf({ contentType = '', body }: Download): string {
  const [mediaType = ''] = contentType.split(';');
  // §3.2: a server may let strangers put pictures and pages there. Parameters do not matter.
  if (mediaType.trim().toLowerCase() !== 'text/plain')
    throw new StsError('sts-policy-fetch-error', 'the media type is not text/plain');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (error) {
    throw new StsError('sts-policy-invalid', 'it is no UTF-8', error);
  }
}

function checkName(host: string, { raw }: PeerCertificate): Error | undefined {
  if (isFor(host, new X509Certificate(raw))) return undefined;
  return new Error(`the certificate is not for ${host}`);
}

/** What connections ask, answered by our own DNS client: files of the machine and its resolver have no say. */
function lookupBy(dns: Dns): LookupFunction {
  return (host, { all }, callback) => {
    addressesOf(dns, host).then(
      (addresses) => {
        const [first] = addresses;
        if (all) callback(null, addresses);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: unknown) => callback(error as Error, ''),
    );
  };
}

/** At least one, or rejects. */
async function addressesOf(dns: Dns, host: string): Promise<LookupAddress[]> {
  const [ipv4, ipv6] = await Promise.all([dns.resolve(host, 'A'), dns.resolve(host, 'AAAA')]);
  const found = [...addressesIn(ipv4, 4), ...addressesIn(ipv6, 6)];
  if (found.length > 0) return found;
  const trouble = [ipv4, ipv6].find(({ kind }) => kind === 'servfail' || kind === 'timeout');
  throw new Error(`${host} has no address (${(trouble ?? ipv4).kind})`);
}

function addressesIn(answer: Answer<'A' | 'AAAA'>, family: 4 | 6): LookupAddress[] {
  if (answer.kind !== 'records') return [];
  return answer.records.slice(0, mostAddresses).map((address) => ({ address, family }));
}
