/**
 * SPF (RFC 7208) for everybody, with or without Haraka: `import { checkHost } from 'haraka-plugin-gatekeeper/spf'`.
 *
 * @module
 */
import { createDns } from '../core/dns/client.ts';
import type { Dns } from '../core/dns/dns.ts';
import { checkHost as checkOver } from '../core/spf/check-host.ts';
import type { SpfLimits } from '../core/spf/limits.ts';
import type { SpfOutcome, SpfQuestion } from '../core/spf/result.ts';

export type { Signal } from '../core/deadline.ts';
export type { Answer, Dns, DomainName, RecordData, RecordType, Validation } from '../core/dns/dns.ts';
export { authenticationResult } from '../core/spf/authentication-results.ts';
export { formatTrace } from '../core/spf/format-trace.ts';
export { defaultLimits, type SpfLimits } from '../core/spf/limits.ts';
export type { QualifiedResult } from '../core/spf/record.ts';
export { receivedSpf, type SpfFacts } from '../core/spf/received-spf.ts';
export type { SpfLookups, SpfOutcome, SpfQuestion, SpfResult } from '../core/spf/result.ts';
export type { TracedCheck, TracedQuestion, TracedTerm } from '../core/spf/trace.ts';

/** Whom to ask, and how much of it. */
export interface SpfOptions extends Partial<SpfLimits> {
  /** Recursive servers, as `192.0.2.1`, `192.0.2.1:5353` or `[2001:db8::1]:53`; those of the system where absent. */
  readonly servers?: readonly string[];
  /** A resolver of your own in their place. */
  readonly dns?: Dns;
}

/**
 * Whether a host may send for a domain. Answers are remembered as long as they hold. Rejects with TypeError for a server
 * that is no address, and with nothing else: trouble is a `temperror`.
 */
export async function checkHost(question: SpfQuestion, options: SpfOptions = {}): Promise<SpfOutcome> {
  const { servers, dns = resolverFor(servers), ...limits } = options;
  return checkOver(question, dns, limits);
}

type Resolver = ReturnType<typeof createDns>;

/** One for each list of servers, because they remember; few lists are in use at once. */
const resolvers = new Map<string, Resolver>();
const mostResolvers = 32;

function resolverFor(servers: readonly string[] | undefined): Resolver {
  const key = servers?.join(' ') ?? '';
  const resolver = resolvers.get(key) ?? createDns(servers === undefined ? {} : { servers });
  resolvers.delete(key);
  resolvers.set(key, resolver);
  const [oldest] = resolvers.keys();
  if (resolvers.size > mostResolvers && oldest !== undefined) {
    resolvers.get(oldest)?.close();
    resolvers.delete(oldest);
  }
  return resolver;
}
