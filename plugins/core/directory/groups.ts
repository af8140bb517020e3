import { valuesOf } from './values.ts';
import type { Refusal } from './directory.ts';
import { anyOf, parseCondition, parseFilter, type LoginFilter } from './filter.ts';
import { Lookups, whole, type Search } from './lookups.ts';
import { resultCode, type Entry, type SearchRequest } from './messages.ts';
import { UnhelpfulAnswer } from './pool.ts';
import type { DirectorySettings } from './settings.ts';

/** A walk that finds more groups than these above one account, or goes further up, was not meant. */
const mostGroups = 500;
const mostLevels = 10;

/** Why the groups of an account let it not send; `undefined` when they do. */
export function refusalOfGroups(
  isIn: readonly string[],
  { required_groups, forbidden_groups }: DirectorySettings,
): Refusal | undefined {
  if (forbidden_groups.some((group) => isIn.includes(group))) return 'in-forbidden-group';
  const isWanted = required_groups.length === 0 || required_groups.some((group) => isIn.includes(group));
  return isWanted ? undefined : 'not-in-required-group';
}

/** Which groups of the settings an account is in, also by way of other groups. */
export class Groups {
  readonly #settings: DirectorySettings;
  readonly #wanted: readonly string[];
  /** Those of an account. */
  readonly lookups: Lookups<readonly string[]>;

  /** `now` is a clock in milliseconds that only moves forward. */
  constructor(settings: DirectorySettings, now: () => number) {
    this.#settings = settings;
    const { required_groups, forbidden_groups, asked_groups = [] } = settings;
    this.#wanted = [...new Set([...required_groups, ...forbidden_groups, ...asked_groups])];
    this.lookups = new Lookups(now, (entry, search) =>
      settings.nested_groups === 'in-chain' ? this.#inChain(entry, search) : this.#walked(entry, search),
    );
  }

  /** Whether the settings have any. */
  get matter(): boolean {
    return this.#wanted.length > 0;
  }

  /** Active Directory walks by itself. Another server would take its rule for one that matches nobody. */
  async #inChain({ dn }: Entry, search: Search): Promise<readonly string[]> {
    const [entries, ...answers] = await Promise.all([
      whole(search(this.#request(rootOfServer, ['supportedCapabilities'], anyEntry)), tooMany),
      ...this.#wanted.map((group) => this.#member(group, [inChain(Buffer.from(dn))], search)),
    ]);
    const capabilities = entries.flatMap((root) => valuesOf(root, 'supportedCapabilities'));
    if (capabilities.includes(activeDirectory)) return answers.flat();
    throw new UnhelpfulAnswer(
      'directory.nested_groups is in-chain, but the server is no Active Directory',
      resultCode.unwillingToPerform,
    );
  }

  /** From the account upwards, level by level; which of the groups it then reaches the server compares. */
  async #walked(entry: Entry, search: Search): Promise<readonly string[]> {
    const above = new Set([entry.dn]);
    let level = this.#membersOf([entry.dn], valuesOf(entry, 'uid'));
    const all = [...level];
    for (let depth = 0; level.length > 0; depth += 1) {
      const found = await this.#groupsWith(level, search);
      const fresh = found.filter((dn) => !above.has(dn));
      for (const dn of fresh) above.add(dn);
      if (above.size > mostGroups || depth === mostLevels) throw tooMany();
      level = this.#membersOf(fresh, []);
      all.push(...level);
    }
    const answers = await Promise.all(this.#wanted.map((group) => this.#member(group, all, search)));
    return answers.flat();
  }

  /** Filters for the groups that have one of these as a member: by DN, or by name as posixGroup has it (RFC 2307 §2.2). */
  #membersOf(dns: readonly string[], names: readonly string[]): readonly FilterPart[] {
    return this.#settings.member_attributes.flatMap((attribute) => {
      const filter = parseFilter(`(${attribute}={login})`);
      const values = attribute.toLowerCase() === 'memberuid' ? names : dns;
      return values.map((value) => filter(Buffer.from(value)));
    });
  }

  async #groupsWith(members: readonly FilterPart[], search: Search): Promise<string[]> {
    const bases = [this.#settings.group_base ?? []].flat();
    const requests = bases.map((base): SearchRequest => {
      const from = { base, setting: 'directory.group_base' };
      const request = this.#request(from, [noAttributes], anyOf(members));
      return { ...request, scope: 'subtree', sizeLimit: mostGroups };
    });
    const answers = await Promise.all(requests.map((request) => whole(search(request), tooMany)));
    return answers.flatMap((entries) => entries.map(({ dn }) => dn));
  }

  /** The group, if it has one of the members: it has to be there, because a misspelled one would forbid nobody. */
  async #member(group: string, members: readonly FilterPart[], search: Search): Promise<readonly string[]> {
    const request = this.#request(this.#named(group), [noAttributes], anyOf(members));
    const entries = await whole(search(request), tooMany);
    return entries.length > 0 ? [group] : [];
  }

  #named(group: string): From {
    const { required_groups, forbidden_groups } = this.#settings;
    if (required_groups.includes(group)) return { base: group, setting: 'directory.required_groups' };
    const isForbidden = forbidden_groups.includes(group);
    return { base: group, setting: isForbidden ? 'directory.forbidden_groups' : 'web.admins or web.viewers' };
  }

  #request(from: From, attributes: readonly string[], filter: FilterPart): SearchRequest {
    const timeLimitSeconds = Math.ceil(this.#settings.operation_timeout_seconds);
    return { ...from, scope: 'base', filter, attributes, timeLimitSeconds, sizeLimit: 1 };
  }
}

type FilterPart = ReturnType<LoginFilter>;
type From = Pick<SearchRequest, 'base' | 'setting'>;

/** What a server says of itself. */
const rootOfServer: From = { base: '', setting: 'the root of the server, for directory.nested_groups' };

/** RFC 4511 §4.5.1.8. */
const noAttributes = '1.1';

/** MS-ADTS §3.1.1.3.4.1.1, and §3.1.1.3.4.4.3 for the matching rule. */
const activeDirectory = '1.2.840.113556.1.4.800';
const inChain = parseFilter('(member:1.2.840.113556.1.4.1941:={login})');
const anyEntry = parseCondition('(objectClass=*)')(Buffer.alloc(0));

function tooMany(): UnhelpfulAnswer {
  const problem = `an account is in more than ${mostGroups} groups, or in groups more than ${mostLevels} deep`;
  return new UnhelpfulAnswer(`directory: ${problem}`, resultCode.sizeLimitExceeded);
}
