import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { InvalidArgumentError, type Command } from 'commander';
import { identitySourcesOf, type OfferedSource } from '../core/directory/sources.ts';
import { refusalPrefix, type ChecksByStage } from '../core/self-check.ts';
import { withoutSettings } from '../core/settings/environment.ts';
import { readSettings } from '../core/settings/file.ts';
import { findHaraka, versionOf } from './haraka-package.ts';
import { harakaDirectory } from './installation.ts';
import { answerInWords, askServers, type Online } from './online.ts';
import { aligned, exitCode, give } from './output.ts';
import type { Report } from './self-check.ts';
import { queueWarnings, warningsOf } from './warnings.ts';

const examples = `
Loads the plugins of config/plugins as Haraka does, and runs the very checks
that run before the gateway opens its ports. It opens none, and leaves a
running gateway alone. It lists the checks of each stage in the order in
which they decide. A warning is worth a look: a partner whose entry expires
within 30 days or has expired, a certificate of a listener that expires within
21 days, has expired or is not valid yet, a plugin that has a known hole.

With --online it then asks, as the gateway would, each server that the settings
name: directories, DNS servers, smart hosts up to the login, the keys of oauth,
the database of events. Nothing is sent to a webhook, and no mail. Of servers
that refuse the service account, no second one is tried.

Exit codes: 0 the gateway would start, with warnings too, 64 there is no Haraka
to check with, 69 it would start, but a server that was asked fails, 78 the
gateway would not start, or its user (user= of smtp.ini) could not use its
files; each line says why.

Examples:
  gatekeeper check && systemctl restart haraka
  gatekeeper check --online
  gatekeeper check --json`;

/** Seconds; all of them take one or two. */
const defaultTimeout = 15;

interface CheckOptions {
  readonly harakaPackage?: string;
  readonly online?: true;
  readonly timeout: number;
  readonly verbose?: true;
}

/** Adds `gatekeeper check`. */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('tell whether the gateway would start, before any restart')
    .option('--haraka-package <dir>', 'where Haraka itself is; default: the one that DIR or PATH has')
    .option('--online', 'also ask each server that the settings name, once')
    .option('--timeout <seconds>', 'how long one plugin may take to load', seconds, defaultTimeout)
    .option('--verbose', "show Haraka's own log, on standard error")
    .addHelpText('after', examples)
    .action(check);
}

function seconds(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected whole seconds.');
}

async function check(options: CheckOptions, command: Command): Promise<void> {
  const dir = harakaDirectory(command);
  const harakaPackage = findHaraka(dir, options.harakaPackage);
  const { problems, revision, checks, warnings: found } = await runSelfCheck(dir, harakaPackage, options);
  const haraka = { version: versionOf(harakaPackage), path: harakaPackage };
  if (problems.length > 0) {
    const json = { ok: false, problems, haraka };
    give(command, { exitCode: exitCode.configuration, json, lines: problems });
    return;
  }
  const { policy } = readSettings(join(dir, 'config')).settings;
  const online = options.online && (await askServers(dir));
  const warnings = [
    ...warningsOf(dir, policy, new Date()),
    ...(await queueWarnings(dir, policy)),
    ...found,
    ...(online?.warnings ?? []),
  ];
  const sources = identitySourcesOf(policy).map(({ entry }) => entry);
  const { failed, others } = sorted(online);
  give(command, {
    exitCode: failed.length > 0 ? exitCode.unavailable : exitCode.yes,
    json: {
      ...{ ok: failed.length === 0, revision, haraka, checks },
      ...(sources.length > 0 && { identity_sources: sources.map(({ name }) => name) }),
      ...(online && { online: online.answers }),
      ...(warnings.length > 0 && { warnings }),
    },
    lines: [
      ...(failed.length > 0 ? failed.map((line) => `no: ${line}`) : ['ok']),
      ...aligned([
        ['settings', `revision ${revision}`],
        ['haraka', `${haraka.version} (${haraka.path})`],
        ['checks', Object.entries(checks).map(([stage, names]) => `${stage}: ${names.join(', ')}`)],
        ['identity source', sources.map(sourceInWords)],
        ['online', others],
        ['warning', warnings],
      ]),
    ],
  });
}

/** Lines of what fails, and of all else. */
function sorted(online: Online | undefined) {
  const linesOf = (isFailed: boolean) =>
    (online?.answers ?? []).filter(({ ok }) => (ok === false) === isFailed).map(answerInWords);
  return { failed: linesOf(true), others: linesOf(false) };
}

function sourceInWords({ name, login_domains: domains }: OfferedSource['entry']): string {
  return `${name}, which a plugin offers: ${domains.length === 0 ? 'all other logins' : `logins of ${domains.join(', ')}`}`;
}

interface Outcome {
  readonly problems: readonly string[];
  readonly revision: string | undefined;
  readonly checks: ChecksByStage;
  readonly warnings: readonly string[];
}

/** Runs self-check.ts in a process of its own, and ends it when it hangs. */
async function runSelfCheck(dir: string, harakaPackage: string, options: CheckOptions): Promise<Outcome> {
  const program = join(import.meta.dirname, 'self-check.js');
  const child = spawn(process.execPath, [program, harakaPackage], {
    env: environment(dir),
    // What Haraka logs to standard output must not stand in our answer.
    stdio: ['ignore', options.verbose ? process.stderr : 'ignore', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), options.timeout * 1000);
  const said: string[] = [];
  let report: Report = {};
  readLines(child.stdio[2], (line) => {
    said.push(line);
    if (options.verbose) process.stderr.write(`${line}\n`);
  });
  readLines(child.stdio[3], (line) => {
    report = { ...report, ...(JSON.parse(line) as Report) };
    timer.refresh();
  });
  const end = await new Promise<End>((settle, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => settle({ code, signal }));
  });
  clearTimeout(timer);
  const problems = said.flatMap((line) =>
    line.startsWith(refusalPrefix) ? [line.slice(refusalPrefix.length)] : [],
  );
  if (report.revision === undefined && problems.length === 0) {
    problems.push(unexpectedEnd(end, report, said.at(-1), options.timeout));
  }
  const { revision, checks = {}, warnings = [] } = report;
  return { problems, revision, checks, warnings };
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function unexpectedEnd(
  { code, signal }: End,
  { loading }: Report,
  last: string | undefined,
  timeout: number,
) {
  const where = loading === undefined ? 'before any plugin was loaded' : `while plugin ${loading} was loaded`;
  if (signal === 'SIGKILL') return `Haraka hangs: nothing happened for ${timeout} s ${where}`;
  const words = last === undefined ? '' : `: ${last}`;
  return `Haraka ended by itself (${signal ?? `exit ${code}`}) ${where}${words}`;
}

/** That of a first process of Haraka, whatever started us. */
function environment(dir: string): NodeJS.ProcessEnv {
  const { CLUSTER_MASTER_PID: _worker, NODE_PATH: paths, ...inherited } = withoutSettings(process.env);
  const own = join(dir, 'node_modules');
  return { ...inherited, HARAKA: dir, NODE_PATH: paths ? `${paths}${delimiter}${own}` : own };
}

function readLines(input: unknown, take: (line: string) => void): void {
  if (input instanceof Readable) createInterface({ input }).on('line', take);
}
