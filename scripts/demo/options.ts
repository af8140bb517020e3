import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What `scripts/start` was asked for. */
export interface Options {
  readonly help: boolean;
  readonly printLdif: boolean;
  readonly basePort: number;
  readonly nodes: number;
  readonly last: readonly string[];
  readonly first: readonly string[];
  /** A real directory to use instead of the embedded one. */
  readonly directoryUrl: string | undefined;
}

/** A command line, or variable, that cannot be meant; the message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage = `Usage: scripts/start [options]

Starts the gateway with its page, a sample LDAP directory and a mail sink on 127.0.0.1, and says what to try.

  --base-port N         all ports are counted from N (default 2500): N+25 MX, N+26 sink, N+65 TLS,
                        N+80 HTTP, N+81 the page, N+87 submission, N+389 LDAP
  --nodes N             worker processes of Haraka; 0 (default) is one process for all
  --with FILE.js        a Haraka plugin of your own, listed after ours (repeatable)
  --with-first FILE.js  the same, listed before ours (repeatable)
  --print-ldif          print the sample directory, to load a real LDAP server with, and end
  --help                print this and end

GATEKEEPER_LDAP_URL=ldap://HOST:PORT (or ldaps://) names a real directory to use instead of the sample.
`;

/** Reads the command line and the environment; throws `UsageError`. */
export function readOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const values = parse(args);
  const from = env['GATEKEEPER_START_DIR'] ?? process.cwd();
  const last = (values.with ?? []).map((file) => pluginFile('--with', from, file));
  const first = (values['with-first'] ?? []).map((file) => pluginFile('--with-first', from, file));
  return {
    help: values.help ?? false,
    printLdif: values['print-ldif'] ?? false,
    basePort: integer('--base-port', values['base-port'] ?? '2500', 1, 65535 - 389),
    nodes: integer('--nodes', values.nodes ?? '0', 0, 64),
    last,
    first,
    directoryUrl: directoryUrl(env['GATEKEEPER_LDAP_URL']),
  };
}

function parse(args: readonly string[]) {
  const options = {
    'base-port': { type: 'string' },
    nodes: { type: 'string' },
    with: { type: 'string', multiple: true },
    'with-first': { type: 'string', multiple: true },
    'print-ldif': { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\.?\s*\n|\. /)[0]}; --help lists the options`);
  }
}

function integer(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${option} ${text}: expected a whole number from ${min} to ${max}`);
}

function pluginFile(option: string, from: string, file: string): string {
  const path = resolve(from, file);
  if (!path.endsWith('.js')) throw new UsageError(`${option} ${file}: a plugin of Haraka's is a .js file`);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new UsageError(`${option} ${file}: no such file`);
  }
  return path;
}

function directoryUrl(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^ldaps?:\/\/[^/\s?#@]+\/?$/.test(text)) return text.replace(/\/$/, '');
  throw new UsageError(`GATEKEEPER_LDAP_URL ${text}: expected ldap://HOST[:PORT] or ldaps://HOST[:PORT]`);
}
