import type { DomainName } from '../dns/dns.ts';
import { dottedAddress, formatAddress } from './address.ts';
import type { Client } from './client.ts';
import { expandName, expandText, type MacroValue, usesMacro } from './expand.ts';
import type { Asker } from './lookups.ts';
import type { DomainSpec, MacroLetter, MacroString } from './macro-string.ts';
import { isAscii } from './octets.ts';
import { SpfError } from './result.ts';
import type { ReverseNames } from './reverse.ts';

/** RFC 7208 §7.2; "d" and "p" depend on which domain is being checked. */
const values: Readonly<Record<Exclude<MacroLetter, 'd' | 'p'>, (client: Client) => string>> = {
  s: ({ local, domain }) => `${local}@${domain}`,
  l: ({ local }) => local,
  o: ({ domain }) => domain,
  i: ({ ip }) => dottedAddress(ip),
  h: ({ helo }) => helo,
  v: ({ ip }) => (ip.family === 4 ? 'in-addr' : 'ip6'),
  c: ({ ip }) => formatAddress(ip),
  r: ({ receiver }) => receiver,
  t: ({ now = new Date() }) => String(Math.floor(now.getTime() / 1000)),
};

/** No honest record comes near; without it, 64 KiB of macros that expand to nothing would cost what the clients pay. */
const mostExpansions = 500;

/** Expands the macros of one evaluation. */
export class Macros {
  readonly #client: Client;
  readonly #reverse: ReverseNames;
  #expansions = 0;

  constructor(client: Client, reverse: ReverseNames) {
    this.#client = client;
    this.#reverse = reverse;
  }

  /** The name that a term is about, `undefined` where it cannot match anything. */
  async target(spec: DomainSpec, domain: DomainName, asker: Asker): Promise<DomainName | undefined> {
    if (spec.name !== undefined) return spec.name;
    // RFC 8616 §4: "terms that include %{s} or %{l} do not match anything" of a local-part beyond ASCII.
    if (!isAscii(this.#client.local) && usesMacro(spec.parts, 'sl')) return undefined;
    return expandName(spec.parts, await this.#valuesFor(spec.parts, domain, asker));
  }

  /** An explanation, cut after so many octets. */
  async text(parts: MacroString, domain: DomainName, asker: Asker, longest: number): Promise<string> {
    return expandText(parts, await this.#valuesFor(parts, domain, asker), longest);
  }

  async #valuesFor(parts: MacroString, domain: DomainName, asker: Asker): Promise<MacroValue> {
    const validated = usesMacro(parts, 'p') ? await this.#reverse.best(domain, asker) : '';
    return (letter) => {
      this.#countExpansion();
      if (letter === 'd') return domain;
      return letter === 'p' ? validated : values[letter](this.#client);
    };
  }

  #countExpansion(): void {
    this.#expansions += 1;
    if (this.#expansions > mostExpansions)
      throw new SpfError('permerror', `more than ${mostExpansions} macros`);
  }
}
