import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { readAuthorities } from '../core/authorities.ts';
import type { Dns } from '../core/dns/dns.ts';
import { isInForce } from '../core/expiry.ts';
import type { CommandFacts } from '../core/haraka/facts/envelope.ts';
import { earlierSession } from '../core/certificate/known-chains.ts';
import { knownChainsOf } from '../core/haraka/known-chains.ts';
import { isLoaded } from '../core/haraka/spf-plugin.ts';
import type { Tenancy } from '../core/haraka/tenancy.ts';
import type { Plugin } from '../core/haraka/types.ts';
import { messageOf } from '../core/message-of.ts';
import type { Policy, Settings } from '../core/settings/settings.ts';
import { checkHost } from '../core/spf/check-host.ts';
import {
  authoritiesIn,
  certificateFault,
  isFor,
  type Authorities,
  type ClientChain,
} from '../core/certificate/chain.ts';
import type { Tenant } from '../core/tenant/claims.ts';
import { pass, skip, type Verdict } from '../core/verdict.ts';

/** Of the deadline of a check, in milliseconds: the rest is for the answer. */
const spfMs = ({ deadline_seconds }: Policy) => deadline_seconds * 900;

/** The files of the folder `config` that entries name. */
export function tenantFiles({ tenants }: Policy, config: string): readonly string[] {
  return tenants.flatMap(({ ca_file: ca }) => (ca === undefined ? [] : [join(config, ca)]));
}

/** Without the plugin no signature is known to be good, and no message proven. */
export function tenantProblems(plugin: Plugin, { policy }: Settings): readonly string[] {
  if (policy.tenants.length === 0 || isLoaded(plugin, 'dkim')) return [];
  return ['tenants need haraka-plugin-dkim: config/plugins has no line dkim'];
}

type Found = Exclude<Tenancy, { readonly kind: 'provisional' }> | 'member';

/** Finds out for which tenants a client may speak: those whose provider it is a server of. */
export class Tenants {
  readonly #dns: () => Dns;
  #authorities: ReadonlyMap<string, Authorities> = new Map();
  #public: Authorities | undefined;

  constructor(dns: () => Dns) {
    this.#dns = dns;
  }

  /** Reads the authorities, and throws what is wrong with their files. */
  prepare({ tenants }: Policy, config: string): () => void {
    const files = new Set(tenants.flatMap(({ ca_file: ca }) => ca ?? []));
    const authorities = new Map(
      [...files].map((file) => [file, authoritiesIn([readAuthorities(join(config, file))])]),
    );
    return () => {
      this.#authorities = authorities;
    };
  }

  /** At MAIL. Refuses nobody: who is no server of a provider is a stranger like any other. */
  provider(facts: CommandFacts, policy: Policy): Verdict | Promise<Verdict> {
    const { client, listener } = facts;
    if (policy.tenants.length === 0) return skip('there are no tenants');
    if (listener.role !== 'mx' || client.peer) return skip('it brings mail of its own');
    return this.#tenancy(facts, policy).then((tenancy) => {
      facts.presume(tenancy);
      return tenancy.kind === 'provisional' ? pass : skip(tenancy.because);
    });
  }

  async #tenancy(facts: CommandFacts, policy: Policy): Promise<Tenancy> {
    const chain = facts.certificate();
    if (!chain) return stranger('it shows no client certificate');
    const named = policy.tenants.filter(({ certificate_names: names }) => isFor(chain, names));
    if (named.length === 0) return stranger(wrongName(policy));
    const find = async (tenant: Tenant) => ({
      name: tenant.name,
      of: await this.#find(chain, facts, tenant, policy),
    });
    const found = await Promise.all(named.map(find));
    const tenants = found.filter(({ of }) => of === 'member').map(({ name }) => name);
    if (tenants.length > 0) return { kind: 'provisional', tenants };
    const others = found.map(({ of }) => of).filter((of) => of !== 'member');
    return others.find(({ kind }) => kind === 'unknown') ?? others[0] ?? stranger(wrongName(policy));
  }

  async #find(chain: ClientChain, facts: CommandFacts, tenant: Tenant, policy: Policy): Promise<Found> {
    if (!isInForce(tenant, new Date())) return stranger(`tenant ${tenant.name} expired on ${tenant.expires}`);
    const fault = this.#certificateFault(chain, tenant, policy);
    return fault === undefined ? this.#cover(facts.client.address, tenant, policy) : stranger(fault);
  }

  #certificateFault(shown: ClientChain, tenant: Tenant, policy: Policy): string | undefined {
    const trust = { authorities: this.#authoritiesOf(tenant), isPurposeNeeded: true };
    const { fault, isForgotten } = knownChainsOf(policy).judge(shown, (chain) => ({
      fault: certificateFault(chain, trust, new Date()),
    }));
    return fault && (isForgotten ? fault.text + earlierSession : fault.text);
  }

  #authoritiesOf({ ca_file: file }: Tenant): Authorities {
    if (file === undefined) return (this.#public ??= authoritiesIn(rootCertificates));
    // Nobody, where a transaction began under settings that are gone.
    return this.#authorities.get(file) ?? new Map();
  }

  /** As RFC 7208 §5.2 has "include". A record that is not there, or broken, says nothing about the client. */
  async #cover(ip: string, { spf_domain: domain }: Tenant, policy: Policy): Promise<Found> {
    try {
      const question = { ip, sender: `postmaster@${domain}`, helo: domain };
      const { result, because } = await checkHost(question, this.#dns(), { timeout: spfMs(policy) });
      if (result === 'pass') return 'member';
      const said = `${domain}: SPF ${result}${because === undefined ? '' : ` (${because})`}`;
      const isTold = result === 'fail' || result === 'softfail' || result === 'neutral';
      return isTold ? stranger(`${ip} is not covered by ${said}`) : { kind: 'unknown', because: said };
    } catch (error) {
      return { kind: 'unknown', because: `${domain}: ${messageOf(error)}` };
    }
  }
}

function stranger(because: string) {
  return { kind: 'stranger', because } as const;
}

function wrongName({ tenants }: Policy): string {
  const names = new Set(tenants.flatMap(({ certificate_names: each }) => each));
  return `its certificate is not for ${[...names].join(' or ')}`;
}
