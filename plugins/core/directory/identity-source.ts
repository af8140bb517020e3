import { printable } from '../json-line.ts';
import type { Secret } from '../secret.ts';
import type { Grant } from '../words.ts';
import type { Refusal } from './directory.ts';

/** Why a source may refuse a login; the other causes are the gateway's own. */
export const sourceRefusals = [
  'no-such-account',
  'wrong-password',
  'account-disabled',
  'account-locked',
  'account-expired',
  'logon-restricted',
  'not-in-required-group',
  'in-forbidden-group',
  'password-expired',
  'password-must-change',
] as const satisfies readonly Refusal[];

export type SourceRefusal = (typeof sourceRefusals)[number];

/** An account as a source knows it, never as it was typed. */
export interface SourceAccount {
  /** Stable, and nobody else's whatever the case of its letters: events, limits and suspensions know the account by `NAME:` and this. */
  readonly id: string;
  /** Every mailbox that it may send as; the first one is its name for people. */
  readonly addresses: readonly string[];
  /** Domains of which every mailbox is its own; those below them are not. */
  readonly domains?: readonly string[];
  /** Addresses that it may write for, with a Sender of its own (RFC 5322 §3.6.2). */
  readonly onBehalf?: readonly string[];
  readonly grants?: readonly Grant[];
  /** Limits in place of those of the settings, such as `messages_per_hour=500`. */
  readonly limits?: readonly string[];
}

/** What becomes of a login. Whatever else a source answers, and what it throws, means that it cannot be asked now: 454. */
export type SourceAnswer =
  | { readonly account: SourceAccount }
  | {
      readonly refused: SourceRefusal;
      /** What was wrong exactly, for the event; the client hears one text for all causes. */
      readonly detail?: string;
    };

/** Accounts that are kept somewhere else than in LDAP. */
export interface IdentitySource {
  /** What an entry of `identity_sources` in the settings calls it. */
  readonly name: string;
  /** Checks one password. Its octets are overwritten once this has answered, or its time is over. */
  verify(login: string, password: Secret): SourceAnswer | Promise<SourceAnswer>;
  /** The account that a login means, by the rules of `verify` without the password: asked again while a session lasts, and for tokens. */
  find(login: string): SourceAnswer | Promise<SourceAnswer>;
  /** Resolves when a login would be answered now. Asked at the start, so that the log says what is wrong before anybody logs in. */
  probe?(): unknown;
}

const namePattern = /^[\w.-]{1,64}$/;

/** Ids of identities that are no accounts begin with them. */
const taken = ['network', 'internal', 'tenant'];

/** Why a source cannot have a name; `undefined` for one that it can have. */
export function problemOfName(name: unknown): string | undefined {
  if (typeof name !== 'string' || !namePattern.test(name)) return 'expected a name of letters, digits, . - _';
  return taken.includes(name.toLowerCase()) ? `${name} is what ids of others begin with` : undefined;
}

/** Declares a source; `install` offers it to the settings. Throws an Error for what is none. */
export function defineIdentitySource(source: IdentitySource): IdentitySource {
  const { name } = source;
  const hasProbe = source.probe !== undefined;
  const problem = problemOfName(name);
  if (problem !== undefined) throw new Error(`identity source: name: ${problem}`);
  for (const method of ['verify', 'find', ...(hasProbe ? ['probe'] : [])] as const) {
    const isThere = typeof source[method as keyof IdentitySource] === 'function';
    if (!isThere) throw new Error(`identity source ${name}: ${method} is no function`);
  }
  // The methods of an instance of a class need it, and it may keep things in itself.
  return Object.freeze({
    name,
    verify: (login: string, password: Secret) => source.verify(login, password),
    find: (login: string) => source.find(login),
    ...(hasProbe && { probe: () => source.probe?.() }),
  });
}

const offered = new Map<string, IdentitySource[]>();

/** Offers a source to the settings of this process, before they are put to work. */
export function offerIdentitySource(source: IdentitySource): void {
  const defined = defineIdentitySource(source);
  offered.set(keyOf(defined.name), [...(offered.get(keyOf(defined.name)) ?? []), defined]);
}

/** The source that a plugin offers by a name; throws an Error where none does, or several do. */
export function offeredSource(name: string): IdentitySource {
  const [source, another] = offered.get(keyOf(name)) ?? [];
  if (!source) throw new Error('no plugin in config/plugins offers it');
  if (another) throw new Error('two plugins in config/plugins offer it');
  return source;
}

/** In words, each source that a plugin offers and the settings do not name: nobody is asked of it. */
export function unusedSources(entries: readonly { readonly name: string }[]): readonly string[] {
  const named = entries.map(({ name }) => keyOf(name));
  return [...offered]
    .filter(([key]) => !named.includes(key))
    .flatMap(([, [source]]) => source?.name ?? [])
    .map((name) =>
      printable(`a plugin offers the identity source ${name}, which identity_sources does not name`),
    );
}

function keyOf(name: string): string {
  return name.toLowerCase();
}
