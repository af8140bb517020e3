import { resolve } from 'node:path';
import { Unavailable, type Account, type Directory } from '../core/directory/directory.ts';
import type { GatekeeperEvent } from '../core/events/event.ts';
import { readEventsKey } from '../core/events/key.ts';
import { erasureOf } from '../core/events/maintenance.ts';
import type { Person } from '../core/events/personal.ts';
import type { EventStore } from '../core/events/store.ts';
import { isPseudonym, termOf } from '../core/events/terms.ts';
import { messageOf } from '../core/message-of.ts';
import { askDirectory, type Installation } from './installation.ts';
import { exitCode, Failure, type Fact } from './output.ts';

/** By what somebody is known. */
export interface Names {
  /** As they were given, then what the directory and the events add. */
  readonly names: readonly string[];
  /** Addresses of the account that may be those of others, too, and are not looked for. */
  readonly left_out: readonly string[];
}

export interface NameOptions {
  readonly only?: true;
}

/** What is said of them where they are used. */
export function namesFacts({ names, left_out: leftOut }: Names): Fact[] {
  const note =
    "(the directory does not find them by these alone; where they are nobody else's, name them, too)";
  return [['names', names], ...(leftOut.length > 0 ? [['left out', [...leftOut, note]] as const] : [])];
}

/** An empty name would be that of everything that has none. */
export function refuseEmpty(given: readonly string[]): void {
  if (given.some((name) => termOf(name.trim()) === '')) {
    throw new Failure('a person has a name: this one is empty', exitCode.usage);
  }
}

/** All names of somebody; those that are given, `only`. Throws `Failure` where the directory cannot say whom one means. */
export async function namesOf(
  given: readonly string[],
  { only }: NameOptions,
  installation: Installation,
  store: EventStore,
): Promise<Names> {
  if (only) return { names: given, left_out: [] };
  const links = await linksIn(store);
  const key = eventsKey(installation);
  // Who is named by what the directory does not know may be known to it by what events say.
  const known = await askDirectory(
    installation,
    (directory) => namesInDirectory(linked(given, links, key), directory),
    () => undefined,
  );
  const names = linked(known.names, links, key);
  return { names, left_out: known.left_out.filter((address) => !names.includes(address)) };
}

/** Who is meant, by names that are still read and by those that were made hashes. */
export function personOf({ names }: Names, installation: Installation): Person {
  return erasureOf(eventsKey(installation), names).person;
}

/** The key by which events name who is not to be named; of a store that is open there is one. */
export function eventsKey({ dir, settings }: Installation): string {
  const key = readEventsKey(resolve(dir, settings.policy.data_directory));
  if (!key) throw new Failure('there is no events.key in data_directory any more', exitCode.unavailable);
  return key.toString('hex');
}

async function namesInDirectory(given: readonly string[], directory: Directory): Promise<Names> {
  const names = new Set(given);
  const shared = new Set<string>();
  for (const name of given.filter((each) => !isPseudonym(each))) {
    const account = await accountNamed(name, directory);
    if (!account) continue;
    names.add(account.id).add(account.name);
    for (const { local, domain } of account.addresses) {
      const address = `${local}@${domain}`;
      const isTheirs = names.has(address) || (await isOfOneOnly(address, account, directory));
      (isTheirs ? names : shared).add(address);
    }
  }
  return { names: [...names], left_out: [...shared] };
}

async function accountNamed(name: string, directory: Directory): Promise<Account | undefined> {
  try {
    const found = await directory.find(name);
    return found.kind === 'account' ? found.account : undefined;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    const help = '--only takes names as they are given, and asks no directory';
    throw new Failure(`${messageOf(error)}; ${help}`, exitCode.unavailable);
  }
}

/** Where the directory knows several by an address, or nobody, it may be that of a list or of a group. */
async function isOfOneOnly(address: string, { id }: Account, directory: Directory): Promise<boolean> {
  try {
    const found = await directory.find(address);
    return found.kind === 'account' && found.account.id === id;
  } catch (error) {
    if (error instanceof Unavailable) return false;
    throw error;
  }
}

/** Names that events say are those of one account. */
type Link = readonly string[];

async function linksIn(store: EventStore): Promise<readonly Link[]> {
  const links = new Map<string, Link>();
  for await (const batch of store.events({})) {
    const several = batch.map(({ event }) => linkOf(event)).filter((link) => link.length > 1);
    for (const link of several) links.set(link.map(termOf).join('\0'), link);
  }
  return [...links.values()];
}

/** Adds what events say is the same account: it may be one that the directory has no more. */
function linked(known: readonly string[], links: readonly Link[], key: string): readonly string[] {
  const { person } = erasureOf(key, known);
  const theirs = links.filter((link) => link.some((name) => person.isCalled(name)));
  const more = theirs.flat().filter((name) => !person.isCalled(name));
  return more.length === 0 ? known : linked([...known, ...new Set(more)], links, key);
}

/** Names of one account that the gateway has proven; what a login that failed called itself is nobody's name. */
function linkOf({
  kind,
  verdict,
  identity = '',
  identity_id: id = '',
  login = '',
}: GatekeeperEvent): string[] {
  const isProven = kind === 'login' && verdict === 'pass' && identity !== '';
  return [identity, id, isProven ? login : ''].filter((name) => name !== '');
}
