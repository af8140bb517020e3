import type { Policy } from '../settings/settings.ts';
import { messageOf } from '../message-of.ts';
import type { Secret } from '../secret.ts';
import {
  Unavailable,
  type Refusal,
  type RememberingDirectory,
  type Unproven,
  type Verification,
} from './directory.ts';
import type { IdentitySource } from './identity-source.ts';
import { createLdapDirectory, type DirectorySecrets } from './ldap.ts';
import { refusalOfName, refusalWithoutAsking } from './login.ts';
import { MadeUpVerifiers } from './scram.ts';
import { readDirectorySecrets } from './secrets.ts';
import { knownToGatewayAlone, SourceDirectory } from './source-directory.ts';
import {
  chooser,
  directoriesOf,
  identitySourcesOf,
  offersScram,
  type AccountSource,
  type DirectorySource,
  type MemorySettings,
} from './sources.ts';

export interface Opening {
  /** The folder of the files that the settings name. */
  readonly config: string;
  readonly log: (message: string) => void;
  /** What is put before each directory, such as a memory of its answers. */
  readonly before?: (directory: RememberingDirectory, settings: MemorySettings) => RememberingDirectory;
  /** The source of identities that a plugin offers by a name; throws why there is none. Absent where no plugin is loaded. */
  readonly offered?: (name: string) => IdentitySource;
}

/** Opens all directories and identity sources of a policy as one; throws an Error for what cannot be used. */
export function openDirectories(policy: Policy, opening: Opening): RememberingDirectory {
  const { config, log, before } = opening;
  const opened = directoriesOf(policy).map((source) => {
    const secrets = readDirectorySecrets(source, config);
    const directory = createLdapDirectory(source.settings, secrets, (line) => log(inNameOf(source, line)));
    return { source, secrets, directory };
  });
  const all = [...opened, ...openSources(policy, opening)];
  if (all.length === 0) throw new Error('the settings have no directory');
  const directories = all.map(({ source, directory }) => {
    const asked = named(directory, source);
    return [source, before?.(asked, source.settings) ?? asked] as const;
  });
  return byLoginDomain(new Map(directories), new Nobody(madeUpOf(policy, opened[0])));
}

interface Opened {
  readonly source: DirectorySource;
  readonly secrets: DirectorySecrets;
}

/** For logins that no directory is for; `undefined` where another one makes them, or nobody asks. */
function madeUpOf(policy: Policy, first: Opened | undefined): MadeUpVerifiers | undefined {
  if (!first || policy.directory || !offersScram(policy)) return undefined;
  const { scram_iterations } = first.source.settings;
  return first.secrets.bindPassword.reveal((bytes) => new MadeUpVerifiers(bytes, scram_iterations));
}

/** Throws one line for each that no plugin offers. */
function openSources(
  policy: Policy,
  { offered }: Opening,
): readonly { readonly source: AccountSource; readonly directory: RememberingDirectory }[] {
  const problems: string[] = [];
  const opened = identitySourcesOf(policy).flatMap((source) => {
    if (!offered) return [{ source, directory: knownToGatewayAlone() }];
    try {
      return [{ source, directory: new SourceDirectory(offered(source.entry.name), source.settings) }];
    } catch (error) {
      problems.push(inNameOf(source, messageOf(error)));
      return [];
    }
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return opened;
}

/** Directories as one: each login is decided by one of them alone, or by `others` where none is for it. */
export function byLoginDomain(
  directories: ReadonlyMap<AccountSource, RememberingDirectory>,
  others: RememberingDirectory,
): RememberingDirectory {
  const choose = chooser([...directories.keys()]);
  const all = [...directories.values(), others];
  const of = (login: string): RememberingDirectory => {
    const source = choose(login);
    return (source && directories.get(source)) ?? others;
  };
  return {
    verify: async (login, password) => of(login).verify(login, password),
    find: async (login) => of(login).find(login),
    byCertificate: async (names) =>
      theOneHolder(await Promise.all(all.map((directory) => directory.byCertificate(names)))),
    verifier: async (login) => of(login).verifier(login),
    probe: () => probeAll(all),
    close: () => {
      for (const directory of all) directory.close();
    },
    forget: (account) => {
      for (const directory of all) directory.forget(account);
    },
  };
}

/** A certificate names no domain: all are asked, and as long as one cannot be, nobody knows whether another has it, too. */
function theOneHolder(found: readonly Verification[]): Verification {
  const holders = found.filter((each) => each.kind === 'account' || each.cause !== 'no-such-account');
  const [holder, another] = holders;
  if (!holder) return refused();
  if (!another) return holder;
  const names = holders.map((each) =>
    each.kind === 'account' ? each.account.id : (each.detail ?? each.cause),
  );
  return { kind: 'refused', cause: 'certificate-ambiguous', detail: names.join(' and ') };
}

/** One that is down keeps nobody from asking the others. */
async function probeAll(all: readonly RememberingDirectory[]): Promise<void> {
  const probed = await Promise.allSettled(all.map((directory) => directory.probe()));
  const problems = probed.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
  if (problems.length > 0) throw new Unavailable(problems.map(({ message }) => message).join('; '));
}

/** An entry of `directories`: who is in it, and what it has to complain of, is told apart from others by its name. */
export function named(directory: RememberingDirectory, source: AccountSource): RememberingDirectory {
  const { entry } = source;
  if (!entry) return directory;
  const ours = (verification: Verification): Verification => ofEntry(verification, entry.name);
  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      throw new Unavailable(inNameOf(source, error.message), { cause: error });
    }
  };
  return {
    verify: async (login, password) => ours(await told(directory.verify(login, password))),
    find: async (login) => ours(await told(directory.find(login))),
    byCertificate: async (names) => ours(await told(directory.byCertificate(names))),
    verifier: async (login) => {
      const unproven = await told(directory.verifier(login));
      return { ...unproven, ifProven: ours(unproven.ifProven) };
    },
    probe: () => told(directory.probe()),
    close: () => directory.close(),
    forget: (account) => directory.forget(account),
  };
}

/** A DN may be in several directories. In none there is a colon before its first `=` (RFC 4514 §3), nor is one in a name. */
function ofEntry(verification: Verification, entry: string): Verification {
  if (verification.kind === 'refused') return verification;
  const { account } = verification;
  const id = `${entry}:${account.id}`;
  return {
    ...verification,
    account: { ...account, id, name: account.name === account.id ? id : account.name },
  };
}

function inNameOf({ key, entry }: AccountSource, message: string): string {
  return entry ? `${key}: ${message.replace(/^directory: /, '')}` : message;
}

/** Decides about logins that are for no directory, as one without anybody would. */
export class Nobody implements RememberingDirectory {
  readonly #madeUp: MadeUpVerifiers | undefined;

  /** Without made-up verifiers SCRAM cannot be asked for. */
  constructor(madeUp?: MadeUpVerifiers) {
    this.#madeUp = madeUp;
  }

  verify(login: string, password: Secret): Promise<Verification> {
    return Promise.resolve(refused(refusalWithoutAsking(login, password)));
  }

  find(login: string): Promise<Verification> {
    return Promise.resolve(refused(refusalOfName(login)));
  }

  byCertificate(): Promise<Verification> {
    return Promise.resolve(refused());
  }

  verifier(login: string): Promise<Unproven> {
    if (!this.#madeUp) return Promise.reject(new Unavailable('directories: without scram_attribute'));
    const ifProven = refused(refusalOfName(login));
    return Promise.resolve({ verifier: this.#madeUp.of(login), ifProven, otherwise: ifProven.cause });
  }

  probe(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    // It has nothing open.
  }

  forget(): void {
    // It remembers nobody.
  }
}

function refused(cause: Refusal = 'no-such-account') {
  return { kind: 'refused', cause } as const;
}
