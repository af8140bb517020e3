import { resolve } from 'node:path';
import { findMx } from '../core/dane/mx.ts';
import { Resolver } from '../core/dns/resolver.ts';
import { addHook } from '../core/haraka/hook.ts';
import { harakaDirectory } from '../core/haraka/instance.ts';
import type { Next, Plugin } from '../core/haraka/types.ts';
import { parseDomain } from '../core/mailbox.ts';
import { MtaSts } from '../core/mta-sts/mta-sts.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';
import type { RecipientPolicy } from '../core/outgoing-tls/recipient-policy.ts';
import type { Policy } from '../core/settings/settings.ts';

/** For one policy. Deliveries wait for it, and try without it then (RFC 8461 §3.3). */
const stsMs = 10_000;

/** Policies that were not asked for meanwhile are looked at as often. */
const refreshMs = 3_600_000;

/** What domains of recipients publish of the TLS of their servers, under the settings in force. */
export class RecipientPolicies {
  readonly #plugin: Plugin;
  readonly #resolver = new Resolver();
  readonly #complain = oncePerMinute(() => performance.now());
  #sts: MtaSts | undefined;
  #dataDirectory = '';

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
    this.#keepFresh();
  }

  /** Makes ready for other settings; what is returned puts them in force. */
  prepare(policy: Policy): () => void {
    const { dane, mta_sts: sts } = policy.outbound;
    const commit = this.#resolver.prepare(policy, dane !== 'off');
    return () => {
      commit();
      if (sts === 'off') this.#sts = undefined;
      else if (this.#dataDirectory !== policy.data_directory || !this.#sts) this.#sts = this.#open(policy);
      this.#dataDirectory = policy.data_directory;
    };
  }

  /** What there is for mail to a domain; nothing is looked for that is off. */
  async find(recipientDomain: string, { outbound }: Pick<Policy, 'outbound'>): Promise<RecipientPolicy> {
    const domain = parseDomain(recipientDomain) ?? recipientDomain.toLowerCase();
    const { dns } = this.#resolver;
    const isDane = outbound.dane !== 'off';
    const [found, mx] = await Promise.all([
      outbound.mta_sts === 'off' ? undefined : this.#sts?.find(domain),
      isDane ? findMx(dns, domain) : undefined,
    ]);
    return {
      domain,
      ...(found && { sts: { found, isEnforced: outbound.mta_sts === 'enforce' } }),
      ...(mx && { dane: { mx, dns, isEnforced: outbound.dane === 'enforce' } }),
    };
  }

  #open({ data_directory }: Policy): MtaSts {
    return new MtaSts({
      // What it asks goes to the client of the settings that are in force then.
      dns: { resolve: (name, type, signal) => this.#resolver.dns.resolve(name, type, signal) },
      dataDirectory: resolve(harakaDirectory(), data_directory),
      milliseconds: stsMs,
      log: (message) => this.#complain(() => this.#plugin.logwarn(message)),
    });
  }

  /** In one process of the machine. */
  #keepFresh(): void {
    const begin = (next: Next) => {
      setInterval(() => void this.#sts?.refresh(), refreshMs).unref();
      next();
    };
    addHook(this.#plugin, 'init_master', 'gatekeeper_policies', begin);
  }
}
