import { AddressSet } from '../address-set.ts';
import { Deadline } from '../deadline.ts';
import type { Dns, DomainName } from '../dns/dns.ts';
import { messageOf } from '../message-of.ts';
import { parseAddress4, parseAddress6 } from './address.ts';
import { whyUncheckable } from './client.ts';
import { defaultLimits, type SpfLimits } from './limits.ts';
import { type Asker, Lookups, refuseTrouble } from './lookups.ts';
import type { DomainSpec } from './macro-string.ts';
import { printable } from './octets.ts';
import type { Directive, Mechanism, PrefixLengths, SpfRecord } from './record.ts';
import { SpfError } from './result.ts';
import { selectRecord } from './select.ts';

/** The addresses for which a domain publishes a pass. */
export type Published =
  | {
      readonly kind: 'addresses';
      readonly addresses: AddressSet;
      /** Terms whose addresses nobody can list: `ptr`, `exists`, and names with macros; printable. */
      readonly unlistable: readonly string[];
    }
  | { readonly kind: 'none' | 'permerror' | 'temperror'; readonly because: string };

/** An "a" is asked for both families, where an evaluation asks for that of its client. */
const limitsOfWalk: SpfLimits = { ...defaultLimits, queries: 2 * defaultLimits.queries };

/** Walks the record of a domain, within the limits of an evaluation (RFC 7208 §4.6.4). Never rejects. */
export async function publishedAddresses(
  domain: DomainName,
  dns: Dns,
  limits: Partial<SpfLimits> = {},
): Promise<Published> {
  const all = { ...limitsOfWalk, ...limits };
  const deadline = new Deadline(all.timeout, () => new Error(`not done within ${all.timeout} ms`));
  const walk = new Walk(new Lookups(dns, all, deadline), all);
  try {
    const addresses = await walk.passes(domain);
    if (typeof addresses === 'string') return { kind: 'none', because: addresses };
    return { kind: 'addresses', addresses, unlistable: [...walk.unlistable] };
  } catch (error) {
    if (error instanceof SpfError) return { kind: error.result, because: error.message };
    return { kind: 'temperror', because: printable(messageOf(error)) };
  } finally {
    deadline.meet();
  }
}

class Walk {
  readonly unlistable = new Set<string>();
  readonly #lookups: Lookups;
  readonly #limits: SpfLimits;

  constructor(lookups: Lookups, limits: SpfLimits) {
    this.#lookups = lookups;
    this.#limits = limits;
  }

  /** Addresses that pass, or why there is no record. */
  async passes(domain: DomainName): Promise<AddressSet | string> {
    const problem = whyUncheckable(domain);
    if (problem !== undefined) return `${printable(domain)}: ${problem}`;
    const answer = await this.#lookups.ask(domain, 'TXT', { questions: [] });
    refuseTrouble(answer, domain, 'TXT');
    const record = selectRecord(answer, domain);
    return record ? this.#passesOf(record, domain) : `${printable(domain)} has no SPF record`;
  }

  /** §4.6: the first term that matches decides, so that each only has what those before it left. */
  async #passesOf({ directives, redirect }: SpfRecord, domain: DomainName): Promise<AddressSet> {
    const passes: AddressSet[] = [];
    let decided = AddressSet.empty;
    for (const directive of directives) {
      const matched = await this.#matchesOf(directive, domain);
      if (directive.result === 'pass') passes.push(matched.minus(decided));
      // §5.1 and §6.1: what stands behind "all" is ignored, a redirect too.
      if (directive.mechanism.kind === 'all') return AddressSet.union(passes);
      decided = AddressSet.union([decided, matched]);
    }
    if (redirect) {
      this.#lookups.countTerm(redirect.text);
      const target = await this.#target(redirect.target, redirect.text);
      passes.push(target.minus(decided));
    }
    return AddressSet.union(passes);
  }

  #matchesOf({ mechanism, text }: Directive, domain: DomainName): AddressSet | Promise<AddressSet> {
    switch (mechanism.kind) {
      case 'all':
        return AddressSet.everybody;
      case 'ip4':
      case 'ip6':
        return AddressSet.network(mechanism.network, mechanism.prefix);
      case 'include':
      case 'a':
      case 'mx':
      case 'ptr':
      case 'exists':
        this.#lookups.countTerm(text);
        return this.#asked(mechanism, text, domain);
    }
  }

  async #asked(mechanism: AskingMechanism, text: string, domain: DomainName): Promise<AddressSet> {
    switch (mechanism.kind) {
      case 'include':
        return this.#target(mechanism.target, text);
      case 'a':
      case 'mx': {
        const name = mechanism.target ? mechanism.target.name : domain;
        if (name === undefined) return this.#isUnlistable(text);
        const asker = { questions: [] };
        if (mechanism.kind === 'mx') return this.#exchanges(name, mechanism, asker);
        return this.#addressesOf(name, mechanism, asker);
      }
      case 'ptr':
      case 'exists':
        return this.#isUnlistable(text);
    }
  }

  /** Of "include" (§5.2) and "redirect" (§6.1): a domain that is named must have a record. */
  async #target({ name }: DomainSpec, text: string): Promise<AddressSet> {
    if (name === undefined) return this.#isUnlistable(text);
    const addresses = await this.passes(name);
    if (typeof addresses === 'string') throw new SpfError('permerror', `${printable(text)}: ${addresses}`);
    return addresses;
  }

  #isUnlistable(text: string): AddressSet {
    this.unlistable.add(printable(text));
    return AddressSet.empty;
  }

  async #exchanges(name: DomainName, prefixes: PrefixLengths, asker: Asker): Promise<AddressSet> {
    const exchanges = await this.#lookups.records(name, 'MX', asker);
    if (exchanges.length > this.#limits.mxNames) {
      const count = `${exchanges.length} MX records, more than ${this.#limits.mxNames}`;
      throw new SpfError('permerror', `${printable(name)}: ${count}`);
    }
    const sets: AddressSet[] = [];
    for (const { exchange } of exchanges) sets.push(await this.#addressesOf(exchange, prefixes, asker));
    return AddressSet.union(sets);
  }

  async #addressesOf(
    name: DomainName,
    { prefix4, prefix6 }: PrefixLengths,
    asker: Asker,
  ): Promise<AddressSet> {
    const ipv6 = await this.#lookups.ask(name, 'AAAA', asker);
    refuseTrouble(ipv6, name, 'AAAA');
    const texts6 = ipv6.kind === 'records' ? ipv6.records : [];
    // Only a name without any address is asked for in vain by everybody: it counts as a void lookup then.
    const texts4 =
      texts6.length > 0 ? await this.#quietly(name, asker) : await this.#lookups.records(name, 'A', asker);
    return AddressSet.union([
      ...texts4.flatMap((text) => networkIn(parseAddress4(text), prefix4)),
      ...texts6.flatMap((text) => networkIn(parseAddress6(text), prefix6)),
    ]);
  }

  async #quietly(name: DomainName, asker: Asker): Promise<readonly string[]> {
    const answer = await this.#lookups.ask(name, 'A', asker);
    refuseTrouble(answer, name, 'A');
    return answer.kind === 'records' ? answer.records : [];
  }
}

function networkIn(address: ReturnType<typeof parseAddress4>, prefix: number): AddressSet[] {
  return address ? [AddressSet.network(address, prefix)] : [];
}

type AskingMechanism = Exclude<Mechanism, { readonly kind: 'all' | 'ip4' | 'ip6' }>;
