import { execFile } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** How this machine reaches the registry; everything else that `npm test` hands down is not the operator's. */
const kept =
  /^(?:HOME|USER|LANG|TMPDIR|NODE_EXTRA_CA_CERTS|(?:https?|no)_proxy|npm_config_(?:registry|cache|userconfig))$/i;

/** An operator's shell: HARAKA, NODE_PATH, NODE_OPTIONS and the like are not set. */
export const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.test(name))),
  PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
};

/** Runs a command and resolves to what it printed; rejects with its errors when it fails. */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await execute(command, args, { cwd, env: environment, timeout: 120_000 });
  return stdout;
}
