import { fork, spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';

/** The built package, or the one that GATEKEEPER_PACKAGE names. */
const packageDir = resolve(process.env['GATEKEEPER_PACKAGE'] ?? join(import.meta.dirname, '../../dist'));

/** The command as an installation links to it. */
export const gatekeeperProgram = join(packageDir, 'command/main.js');

/** What that runs. */
const gatekeeperRun = join(packageDir, 'command/program.js');

const hostProgram = join(import.meta.dirname, 'command-host.cjs');

/** Haraka as a checkout has it, for `check`. */
const harakaBin = join(import.meta.dirname, '../../node_modules/.bin');

export interface CommandOptions {
  /** Directory of Haraka. */
  readonly haraka?: string;
  /** Standard input; empty without. */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** A process of its own, always or never; see `gatekeeper`. */
  readonly ownProcess?: boolean;
}

export interface CommandResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The environment of the command: nothing of a Haraka or a password that the tests themselves run with. */
export function commandEnvironment({ haraka, env }: CommandOptions = {}): NodeJS.ProcessEnv {
  const { HARAKA: _haraka, GATEKEEPER_LDAP_PASSWORD: _password, PATH: path = '', ...others } = process.env;
  return { ...others, PATH: `${path}:${harakaBin}`, ...(haraka !== undefined && { HARAKA: haraka }), ...env };
}

/** Starts the command as an executable file. */
export function startGatekeeper(
  args: readonly string[],
  options: CommandOptions = {},
): ChildProcessWithoutNullStreams {
  return spawn(gatekeeperProgram, args, { env: commandEnvironment(options), cwd: options.cwd });
}

/** Commands that have had a process of their own here. */
const shown = new Set<string>();

/**
 * Runs the command to its end: the first time that a test file runs it in a process of its own, and from then on in one
 * that is kept, because loading its modules takes half a second. `ownProcess: false` is for what runs all commands, each of
 * which has its own tests.
 */
export function gatekeeper(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const name = args.find((arg) => !arg.startsWith('-')) ?? '';
  const { ownProcess = !shown.has(name) } = options;
  if (ownProcess) shown.add(name);
  return ownProcess ? runProcess(args, options) : askHost(args, options);
}

function runProcess(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const child = startGatekeeper(args, options);
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  child.stdin.on('error', () => undefined); // it did not read what it was given
  child.stdin.end(options.input ?? '');
  return new Promise((settle, reject) => {
    child.once('error', reject);
    child.once('close', (code) => settle({ code, out, err }));
  });
}

/** Those that do nothing now. */
const idle: ChildProcess[] = [];

/** One command line at a time for each: environment and output are those of the whole process. */
async function askHost(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const host = idle.pop() ?? fork(hostProgram, [gatekeeperRun], { execArgv: [] });
  const { cwd, input = '' } = options;
  // It keeps us alive while it is asked only.
  host.ref();
  host.channel?.ref();
  host.send({ args, env: commandEnvironment(options), cwd, input });
  const [answer] = (await Promise.race([once(host, 'message'), once(host, 'exit')])) as [unknown];
  if (!isResult(answer)) throw new Error(`the command ended by itself: ${String(answer)}`);
  host.unref();
  host.channel?.unref();
  idle.push(host);
  return answer;
}

function isResult(answer: unknown): answer is CommandResult {
  return typeof answer === 'object' && answer !== null;
}
