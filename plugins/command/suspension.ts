import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { sourceOfId } from '../core/directory/sources.ts';
import { accountKey } from '../core/identity.ts';
import { messageOf } from '../core/message-of.ts';
import { networkNamed } from '../core/registrations.ts';
import { tenantNamed } from '../core/tenant/identity.ts';
import { releaseAccount as releaseHeld, type HeldMail } from '../core/suspension/release.ts';
import { Suspensions, type Suspension } from '../core/suspension/registry.ts';
import { askStore } from './data.ts';
import { meanings } from './account.ts';
import { askDirectory, installationOf, type Installation } from './installation.ts';
import { operatorName } from './operator.ts';
import { exitCode, Failure, give, table } from './output.ts';
import { recordAction } from './recorded.ts';

/** Accounts that may not send until somebody says so. */

const suspendExamples = `
It cannot log in any more, its sessions end at their next message, and its mail in
the queue is held, until "gatekeeper release". The directory is not changed. In
place of an account stands the name of a registered network, or tenant:NAME. An
account of identity_sources is named by its id, as events have it: the command
knows none of them, and does not say when nobody has that id.

Exit codes: 0 suspended, 1 it is suspended already, or nobody has this name, 69
the directory cannot be asked or a file not be written, 78 the settings are wrong.

Examples:
  gatekeeper suspend alice@corp.example --because phishing
  gatekeeper suspend scanner-floor-3`;

const suspendedExamples = `
Exit codes: 0 somebody is, 1 nobody is, 69 a file cannot be read, 78 the settings
are wrong.

Examples:
  gatekeeper suspended
  gatekeeper suspended --json`;

const releaseExamples = `
Change the password first. Failed logins that are counted, and the networks that
the account is known from, stay: "gatekeeper forget" drops those.

--deliver lets its mail leave that is held, --drop drops that, and what it sent
until now and is in the queue still. Without either the mail that is held stays
so: "gatekeeper held" lists it.

Exit codes: 0 it may send again, 1 it is not suspended, 69 a file cannot be read
or written, 78 the settings are wrong.

Examples:
  gatekeeper release alice@corp.example --drop
  gatekeeper release alice@corp.example --deliver`;

/** Adds `gatekeeper suspend`, `suspended` and `release`. */
export function addSuspension(program: Command): void {
  program
    .command('suspend')
    .description('keep an account from sending, until it is released')
    .argument('<account>', 'what the client gives as its user name, a registered network, or tenant:NAME')
    .option('--because <text>', 'why, for whoever looks at it later', '')
    .addHelpText('after', suspendExamples)
    .action(suspend);
  program
    .command('suspended')
    .description('list the accounts that may not send')
    .addHelpText('after', suspendedExamples)
    .action(listSuspended);
  program
    .command('release')
    .description('let an account send again that was suspended')
    .argument('<account>', 'its name or its id, as `gatekeeper suspended` lists them')
    .option('--deliver', 'release its mail that is held')
    .option('--drop', 'drop its mail that is held or in the queue')
    .addHelpText('after', releaseExamples)
    .action(releaseAccount);
}

async function suspend(account: string, { because }: { readonly because: string }, command: Command) {
  const installation = installationOf(command);
  const data = dataDirectory(installation);
  if (!statSync(data, { throwIfNoEntry: false })) {
    throw new Failure(
      `${data} is not there: the gateway has not run yet, or cannot make it, which gatekeeper check tells`,
      exitCode.unavailable,
    );
  }
  const who = await identified(account, installation);
  if (typeof who === 'string') {
    give(command, { exitCode: exitCode.no, json: { suspended: false, why: who }, lines: [`no: ${who}`] });
    return;
  }
  const detail = because === '' ? `by ${operatorName()}` : `by ${operatorName()}: ${because}`;
  const since = new Date().toISOString();
  const isNew = await withFiles(data, () =>
    new Suspensions(data).suspend({ v: 1, ...who, since, cause: 'by-hand', detail }),
  );
  if (isNew) await recordAction(installation, 'suspend', [[who.name, because].filter(Boolean).join(': ')]);
  give(command, {
    exitCode: isNew ? exitCode.yes : exitCode.no,
    json: { suspended: isNew, ...who },
    lines: [isNew ? `suspended: ${who.name}` : `no: ${who.name} is suspended already`],
  });
}

type Who = Pick<Suspension, 'id' | 'name'>;

/** Whom a name means; why nobody, otherwise. */
async function identified(account: string, installation: Installation): Promise<Who | string> {
  const { policy } = installation.settings;
  const network = networkNamed(account, policy, new Date()) ?? tenantNamed(account, policy, new Date());
  if (network) return { id: network.id, name: network.name };
  // No directory knows it, and whoever is in a hurry has the id from an event.
  if (sourceOfId(account, policy)) return { id: account, name: account };
  const found = await askDirectory(
    installation,
    (directory) => directory.find(account),
    () => undefined,
  );
  if (found.kind === 'account') return { id: found.account.id, name: found.account.name };
  return `${account}: ${found.cause}: ${meanings[found.cause]}`;
}

async function listSuspended(_options: object, command: Command): Promise<void> {
  const data = dataDirectory(installationOf(command));
  const all = await withFiles(data, () => new Suspensions(data).all());
  const rows = all.map(({ name, since, cause, detail }) => [name, since, cause, detail]);
  give(command, {
    exitCode: all.length > 0 ? exitCode.yes : exitCode.no,
    json: { suspended: all },
    lines:
      all.length > 0 ? table([['account', 'since', 'cause', 'detail'], ...rows]) : ['nobody is suspended'],
  });
}

interface ReleaseOptions {
  readonly deliver?: true;
  readonly drop?: true;
}

async function releaseAccount(account: string, options: ReleaseOptions, command: Command): Promise<void> {
  if (options.deliver && options.drop) throw new Failure('--deliver or --drop: not both', exitCode.usage);
  const installation = installationOf(command);
  const data = dataDirectory(installation);
  const suspensions = new Suspensions(data);
  const answer = await withFiles(data, async () => {
    const key = accountKey(account);
    const who = (await suspensions.all()).find(({ id, name }) => [id, name].map(accountKey).includes(key));
    if (!who) return undefined;
    const messages = await releaseHeld(data, who.id, heldMailOf(options), (work) =>
      askStore(installation, work),
    );
    return { who, messages };
  });
  if (!answer) {
    const line = `no: ${account} is not suspended`;
    give(command, { exitCode: exitCode.no, json: { released: false }, lines: [line] });
    return;
  }
  const { who, messages } = answer;
  const what = options.deliver ? 'released' : options.drop ? 'dropped' : 'still held';
  await recordAction(installation, 'release', [`${who.name}: ${messages} of its messages ${what}`]);
  give(command, {
    exitCode: exitCode.yes,
    json: { released: true, id: who.id, name: who.name, messages, ...(messages > 0 && { what }) },
    lines: [`released: ${who.name}; ${messages} of its messages ${what}`],
  });
}

function heldMailOf({ deliver, drop }: ReleaseOptions): HeldMail {
  if (deliver) return 'deliver';
  return drop ? 'drop' : 'keep';
}

function dataDirectory({ dir, settings }: Installation): string {
  return resolve(dir, settings.policy.data_directory);
}

async function withFiles<T>(data: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${data}: ${messageOf(error)}`, exitCode.unavailable);
  }
}
