import type { DomainName } from '../dns/dns.ts';
import { isInNetwork } from './address.ts';
import { type Client, whyUncheckable } from './client.ts';
import type { SpfLimits } from './limits.ts';
import { type Lookups, refuseTrouble } from './lookups.ts';
import type { DomainSpec } from './macro-string.ts';
import { Macros } from './macros.ts';
import { printable } from './octets.ts';
import type { Directive, Mechanism, Modifier, PrefixLengths, QualifiedResult, SpfRecord } from './record.ts';
import { SpfError } from './result.ts';
import { addressType, isAmong, ReverseNames } from './reverse.ts';
import { selectRecord } from './select.ts';
import { cut, type TracedCheck, type TracedTerm, Tracer } from './trace.ts';

/** What checking a domain comes to, where nothing ends it early. */
export type Finding =
  | { readonly result: 'none'; readonly because: string }
  | {
      readonly result: QualifiedResult;
      /** Where the result comes from: after a redirect, from its target. */
      readonly domain: DomainName;
      readonly record: SpfRecord;
      readonly directive?: Directive;
    };

/** The longest part of a record that a trace or an outcome tells. */
export const longestTold = 1024;

/** Evaluates records for one client: check_host() of RFC 7208 §4, within the limits of one evaluation. */
export class Evaluation {
  readonly macros: Macros;
  readonly lookups: Lookups;
  readonly tracer = new Tracer();
  readonly #client: Client;
  readonly #limits: SpfLimits;
  readonly #reverse: ReverseNames;

  constructor(client: Client, lookups: Lookups, limits: SpfLimits) {
    this.#client = client;
    this.lookups = lookups;
    this.#limits = limits;
    this.#reverse = new ReverseNames(client.ip, lookups, limits.ptrNames);
    this.macros = new Macros(client, this.#reverse);
  }

  /** Throws SpfError for a temperror or permerror. */
  async check(domain: DomainName, trace: TracedCheck): Promise<Finding> {
    const problem = whyUncheckable(domain);
    if (problem !== undefined) return none(`${printable(domain)}: ${problem}`, trace);
    const answer = await this.lookups.ask(domain, 'TXT', trace);
    refuseTrouble(answer, domain, 'TXT');
    const record = selectRecord(answer, domain);
    if (!record) return none(`${printable(domain)} has no SPF record`, trace);
    trace.record = cut(record.text, longestTold);
    const directive = await this.#firstMatch(record, domain, trace);
    if (!directive && record.redirect) return this.#redirect(record.redirect, domain, trace);
    // §4.7: neutral where nothing matches.
    trace.result = directive?.result ?? 'neutral';
    return { result: directive?.result ?? 'neutral', domain, record, ...(directive && { directive }) };
  }

  async #firstMatch(
    record: SpfRecord,
    domain: DomainName,
    trace: TracedCheck,
  ): Promise<Directive | undefined> {
    for (const directive of record.directives) {
      const term = this.tracer.term(trace, directive.text);
      const hit = this.#matches(directive, domain, term);
      // Most terms are addresses, which need not wait for anything.
      term.matches = typeof hit === 'boolean' ? hit : await hit;
      if (term.matches) return directive;
    }
    return undefined;
  }

  /** RFC 7208 §6.1: the target's result is the result, but "none" is a permerror. */
  async #redirect(
    { text, target: spec }: Modifier,
    domain: DomainName,
    trace: TracedCheck,
  ): Promise<Finding> {
    this.lookups.countTerm(text);
    const term = this.tracer.term(trace, text);
    const target = await this.#expand(spec, domain, term);
    if (target === undefined) throw new SpfError('permerror', `${printable(text)}: no name for this sender`);
    const finding = await this.#checkTarget(target, term);
    if (finding.result === 'none') throw new SpfError('permerror', `${printable(text)}: ${finding.because}`);
    trace.result = finding.result;
    return finding;
  }

  #matches({ mechanism, text }: Directive, domain: DomainName, term: TracedTerm): boolean | Promise<boolean> {
    switch (mechanism.kind) {
      case 'all':
        return true;
      case 'ip4':
      case 'ip6':
        return isInNetwork(this.#client.ip, mechanism.network, mechanism.prefix);
      case 'include':
      case 'a':
      case 'mx':
      case 'ptr':
      case 'exists':
        this.lookups.countTerm(text);
        return this.#asks(mechanism, domain, term);
    }
  }

  #asks(mechanism: AskingMechanism, domain: DomainName, term: TracedTerm): Promise<boolean> {
    const { target: spec } = mechanism;
    if (spec === undefined) return this.#asksFor(domain, mechanism, term);
    // Most names are as they stand in the record, and these need not wait either.
    if (spec.name !== undefined) return this.#asksFor(spec.name, mechanism, term);
    return this.#expand(spec, domain, term).then((target) => {
      return target === undefined ? false : this.#asksFor(target, mechanism, term);
    });
  }

  #asksFor(target: DomainName, mechanism: AskingMechanism, term: TracedTerm): Promise<boolean> {
    switch (mechanism.kind) {
      case 'include':
        return this.#includes(target, term);
      case 'a':
        return this.#hasAddress(target, mechanism, term);
      case 'mx':
        return this.#isExchange(target, mechanism, term);
      case 'ptr':
        return this.#reverse.areWithin(target, term);
      case 'exists':
        return this.#exists(target, term);
    }
  }

  /** RFC 7208 §5.7: an address of IPv4 "even when the connection type is IPv6". */
  async #exists(name: DomainName, term: TracedTerm): Promise<boolean> {
    const addresses = await this.lookups.records(name, 'A', term);
    return addresses.length > 0;
  }

  /** RFC 7208 §5.2, the table. */
  async #includes(target: DomainName, term: TracedTerm): Promise<boolean> {
    const finding = await this.#checkTarget(target, term);
    if (finding.result === 'none') throw new SpfError('permerror', `include: ${finding.because}`);
    return finding.result === 'pass';
  }

  /** RFC 7208 §5.3. */
  async #hasAddress(name: DomainName, prefixes: PrefixLengths, term: TracedTerm): Promise<boolean> {
    const { ip } = this.#client;
    const addresses = await this.lookups.records(name, addressType(ip), term);
    return isAmong(ip, addresses, ip.family === 4 ? prefixes.prefix4 : prefixes.prefix6);
  }

  /** RFC 7208 §5.4. In the order of preference, so that the order of the answer does not decide what is asked. */
  async #isExchange(name: DomainName, prefixes: PrefixLengths, term: TracedTerm): Promise<boolean> {
    const exchanges = await this.lookups.records(name, 'MX', term);
    if (exchanges.length > this.#limits.mxNames) {
      const count = `${exchanges.length} MX records, more than ${this.#limits.mxNames}`;
      throw new SpfError('permerror', `${printable(name)}: ${count}`);
    }
    for (const { exchange } of exchanges.toSorted((one, other) => one.preference - other.preference)) {
      if (await this.#hasAddress(exchange, prefixes, term)) return true;
    }
    return false;
  }

  #checkTarget(target: DomainName, term: TracedTerm): Promise<Finding> {
    const trace = this.tracer.check(target);
    term.check = trace;
    return this.check(target, trace);
  }

  async #expand(spec: DomainSpec, domain: DomainName, term: TracedTerm): Promise<DomainName | undefined> {
    const target = await this.macros.target(spec, domain, term);
    if (spec.name === undefined && target !== undefined) term.target = target;
    return target;
  }
}

function none(because: string, trace: TracedCheck): Finding {
  trace.result = 'none';
  return { result: 'none', because };
}

type AskingMechanism = Exclude<Mechanism, { readonly kind: 'all' | 'ip4' | 'ip6' }>;
