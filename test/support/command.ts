import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join, resolve } from 'node:path';

/** The built package, or the one that GATEKEEPER_PACKAGE names. */
const packageDir = resolve(process.env['GATEKEEPER_PACKAGE'] ?? join(import.meta.dirname, '../../dist'));

/** The command as an installation links to it. */
export const gatekeeperProgram = join(packageDir, 'command/main.js');

/** Haraka as a checkout has it, for `check`. */
const harakaBin = join(import.meta.dirname, '../../node_modules/.bin');

export interface CommandOptions {
  /** Directory of Haraka. */
  readonly haraka?: string;
  /** Standard input; empty without. */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
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

/** Runs the command to its end. */
export function gatekeeper(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
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
