import { resolve } from 'node:path';
import { Argument, type Command } from 'commander';
import { messageOf } from '../core/message-of.ts';
import { drop, foldersIn, namesIn, recoverReleases, release, type Folders } from '../core/provenance/held.ts';
import { heldMessages } from '../core/trail/held-messages.ts';
import { heldFacts, heldJson, heldTable, readHeld } from './held-messages.ts';
import { installationOf } from './installation.ts';
import { operatorName } from './operator.ts';
import { aligned, exitCode, Failure, give, type Answer, type Globals } from './output.ts';
import { recordAction } from './recorded.ts';

const examples = `
Mail in the queue that this gateway did not accept, or that was changed since,
is held: it is neither sent nor bounced, and it does not expire. Look at it
before you release it: the sender that it claims hears of it if it cannot be
delivered then. What is released leaves within seconds, or at the next start of
Haraka; what is dropped is gone.

Exit codes: 0 done, or something is held, 1 nothing is held under this name, or
at all, 69 a file cannot be read or written, 78 the settings are wrong.

Examples:
  gatekeeper held
  gatekeeper held show 1f3870be274f6c49
  gatekeeper held release 1f3870be274f6c49 9a0364b9e99bb480
  gatekeeper held drop 1f3870be274f6c49
  gatekeeper held release --all --json`;

interface Options extends Globals {
  readonly all?: true;
}

/** What is done with whom, where mail is held. */
interface Request {
  readonly folders: Folders;
  readonly names: readonly string[];
  readonly revision: string;
  /** Has events tell of what was done with some of them. */
  readonly record: (done: string, names: readonly string[]) => Promise<void>;
}

const actions: Readonly<Record<string, (request: Request) => Promise<Answer>>> = {
  list,
  show,
  release: (request) =>
    each('released', request, (name) => release(request.folders, name, releaseNow(request))),
  drop: (request) => each('dropped', request, (name) => drop(request.folders, name)),
};

/** Adds `gatekeeper held ACTION [ID…]`. */
export function addHeld(program: Command): void {
  const action = new Argument('[action]', 'what to do').choices(Object.keys(actions)).default('list');
  program
    .command('held')
    .description('list, show, release or drop mail that is held')
    .addArgument(action)
    .argument('[id...]', 'which messages, as they are listed')
    .option('--all', 'release all of them')
    .addHelpText('after', examples)
    .action(held);
}

async function held(
  action: string,
  names: readonly string[],
  options: Options,
  command: Command,
): Promise<void> {
  const installation = installationOf(command);
  const { dir, settings } = installation;
  const folders = foldersIn(resolve(dir, settings.policy.data_directory));
  requireMeant(action, names, options);
  try {
    await recoverReleases(folders);
    const all = options.all ? await namesIn(folders.held) : [...new Set(names)];
    const record = (done: string, whom: readonly string[]) => recordAction(installation, done, whom);
    const answer = await actions[action]?.({ folders, names: all, revision: settings.revision, record });
    if (answer) give(command, answer);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`${folders.held}: ${messageOf(error)}`, exitCode.unavailable);
  }
}

function requireMeant(action: string, names: readonly string[], { all }: Options): void {
  const problem = (text: string) => {
    throw new Failure(text, exitCode.usage);
  };
  const wrong = names.find((name) => !/^[0-9a-f]{16}$/.test(name));
  if (wrong !== undefined) problem(`${wrong} is no name of a message: gatekeeper held lists them`);
  if (all && action !== 'release') problem('--all goes with release only');
  if (all && names.length > 0) problem('--all, or names: not both');
  if (action === 'list' ? names.length > 0 : names.length === 0 && !all) {
    problem(action === 'list' ? 'list takes no names' : `${action} whom? gatekeeper held lists them`);
  }
}

async function list({ folders }: Request): Promise<Answer> {
  const messages = await heldMessages(folders);
  return {
    exitCode: messages.length > 0 ? exitCode.yes : exitCode.no,
    json: { held: messages.map(heldJson) },
    lines: messages.length > 0 ? heldTable(messages) : ['nothing is held'],
  };
}

async function show({ folders, names }: Request): Promise<Answer> {
  const messages = await heldMessages(folders);
  const found = await Promise.all(
    messages.filter(({ name }) => names.includes(name)).map((message) => readHeld(message)),
  );
  const missing = names.filter((name) => !messages.some((message) => message.name === name));
  return {
    exitCode: missing.length === 0 ? exitCode.yes : exitCode.no,
    json: { held: found.map(({ message, header }) => ({ ...heldJson(message), header })), missing },
    lines: [
      ...found.flatMap(({ message, header }) => ['', ...aligned(heldFacts(message)), '', ...header]),
      ...missing.flatMap((name) => ['', isNotHeld(name)]),
    ].slice(1),
  };
}

/** Does it with each of them, whatever becomes of the others. */
async function each(
  done: 'released' | 'dropped',
  { names, record }: Request,
  work: (name: string) => Promise<boolean>,
): Promise<Answer> {
  const results = await Promise.all(names.map((name) => outcomeOf(name, work)));
  const named = (outcome: string) =>
    results.filter((result) => result.outcome === outcome).map(({ name }) => name);
  await record(`held ${done}`, named('done'));
  const failed = results.filter(({ outcome }) => outcome === 'failed');
  const code =
    failed.length > 0 ? exitCode.unavailable : named('missing').length > 0 ? exitCode.no : exitCode.yes;
  return {
    exitCode: code,
    json: {
      [done]: named('done'),
      missing: named('missing'),
      failed: failed.map(({ name, why }) => ({ name, why })),
    },
    lines: [
      ...named('done').map((name) => `${done}: ${name}`),
      ...named('missing').map(isNotHeld),
      ...failed.map(({ name, why }) => `${name} is held as before: ${why}`),
      ...(results.length === 0 ? ['nothing is held'] : []),
    ],
  };
}

interface Result {
  readonly name: string;
  readonly outcome: 'done' | 'missing' | 'failed';
  readonly why: string;
}

async function outcomeOf(name: string, work: (name: string) => Promise<boolean>): Promise<Result> {
  try {
    return { name, outcome: (await work(name)) ? 'done' : 'missing', why: '' };
  } catch (error) {
    return { name, outcome: 'failed', why: messageOf(error) };
  }
}

function isNotHeld(name: string): string {
  return `no: ${name} is not held`;
}

function releaseNow({ revision }: Request) {
  return { by: operatorName(), time: new Date().toISOString(), revision };
}
