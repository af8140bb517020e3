import { join } from 'node:path';
import type { Command } from 'commander';
import { stringify } from 'yaml';
import { bindPasswordSource } from '../core/directory/secrets.ts';
import { directoriesOf } from '../core/directory/sources.ts';
import type { PasswordSource } from '../core/password-file.ts';
import type { Settings } from '../core/settings/settings.ts';
import { smartHostPasswordSource } from '../core/settings/smart-hosts.ts';
import { shownUrl } from '../core/settings/webhook.ts';
import { installationOf, type Installation } from './installation.ts';
import { aligned, exitCode, give, table, type Answer } from './output.ts';

const examples = `
A secret is never shown, only where it comes from. With an http port in the
settings, the running gateway is asked whether it runs under them.

Exit codes: 0 the settings are right, 78 they are wrong; each line says where
and why.

Examples:
  gatekeeper config
  gatekeeper config --changed
  gatekeeper config --json`;

/** How long the running gateway may take to answer, in milliseconds. */
const answerWithinMs = 2000;

/** Adds `gatekeeper config`. */
export function addConfig(program: Command): void {
  program
    .command('config')
    .description('show the settings, and where each comes from')
    .option('--changed', 'only those that are not the default')
    .addHelpText('after', examples)
    .action(config);
}

async function config({ changed }: { readonly changed?: true }, command: Command): Promise<void> {
  const installation = installationOf(command);
  const rows = allRows(installation);
  const shown = rows.filter(({ source }) => !changed || source !== 'default');
  give(command, answerOf(installation, shown, await askGateway(installation.settings)));
}

/** One setting as it is in force. */
export interface Row {
  readonly key: string;
  readonly value: unknown;
  readonly source: string;
}

/** Every setting, and where each secret comes from. */
export function allRows(installation: Installation): Row[] {
  return [...settingRows(installation), ...secretRows(installation)];
}

function settingRows({ settings, source }: Installation): Row[] {
  const { directories } = settings.policy;
  return leaves(settings.policy, []).flatMap(({ path, value }) => {
    if (value !== directories || directories.length === 0) {
      return [{ key: path.join('.'), value: shown(path, value), source: source(path) }];
    }
    // Too many for one line, and each key has an origin of its own.
    return directories.flatMap((entry, index) =>
      leaves(entry, []).map(({ path: below, value: each }) => ({
        key: [...path, entry.name, ...below].join('.'),
        value: each,
        source: source([...path, index, ...below]),
      })),
    );
  });
}

/** The path of a webhook may be what lets one in. */
function shown(path: readonly string[], value: unknown): unknown {
  return path.join('.') === 'audit.webhook.url' ? shownUrl(String(value)) : value;
}

interface Leaf {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** The values below all sections; a list is one value. */
function leaves(value: unknown, path: readonly string[]): Leaf[] {
  const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isSection) return [{ path, value }];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key]));
}

function secretRows({ settings }: Installation): Row[] {
  return [...directorySecretRows(settings), ...smartHostSecretRows(settings), ...webhookSecretRows(settings)];
}

function webhookSecretRows({ policy: { audit } }: Settings): Row[] {
  const { secret_file: key, authorization_file: authorization } = audit.webhook ?? {};
  return [
    ...(key === undefined ? [] : [secretRow('audit.webhook.secret', { file: key })]),
    ...(authorization === undefined
      ? []
      : [secretRow('audit.webhook.authorization', { file: authorization })]),
  ];
}

function smartHostSecretRows({ policy: { smart_hosts } }: Settings): Row[] {
  return smart_hosts.flatMap((host) => {
    const source = smartHostPasswordSource(host);
    return source ? [secretRow(`smart_hosts.${host.name}.password`, source)] : [];
  });
}

function directorySecretRows(settings: Settings): Row[] {
  return directoriesOf(settings.policy).flatMap((directory) => {
    const source = bindPasswordSource(directory);
    return source ? [secretRow(`${directory.key}.bind_password`, source)] : [];
  });
}

function secretRow(key: string, source: PasswordSource): Row {
  const shown = 'variable' in source ? source.variable : join('config', source.file);
  return { key, value: '(secret)', source: shown };
}

/** What the gateway says of itself, or why it says nothing. */
type Running =
  | {
      /** Of the settings that it runs under. */
      readonly revision: string;
      /** Whether it has refused newer ones. */
      readonly stale: boolean;
    }
  | { readonly silent: string };

async function askGateway({ policy: { http } }: Settings): Promise<Running | undefined> {
  if (!http) return undefined;
  const host = http.host.includes(':') ? `[${http.host}]` : http.host;
  try {
    const response = await fetch(`http://${host}:${http.port}/health`, {
      signal: AbortSignal.timeout(answerWithinMs),
    });
    const { revision, settings } = (await response.json()) as Readonly<Record<string, unknown>>;
    if (typeof revision === 'string') return { revision, stale: settings === 'stale' };
    return { silent: `no gateway on ${host}:${http.port}` };
  } catch (error) {
    const { message, cause } = error as Error;
    return {
      silent: `no answer from ${host}:${http.port}: ${(cause as Error | undefined)?.message ?? message}`,
    };
  }
}

function answerOf(
  { dir, settings }: Installation,
  rows: readonly Row[],
  running: Running | undefined,
): Answer {
  const { revision } = settings;
  return {
    exitCode: exitCode.yes,
    json: { haraka: dir, revision, ...(running && { running }), settings: rows },
    lines: [
      ...aligned([
        ['haraka', dir],
        ['revision', revision],
        ...(running ? [['running', runningText(running, revision)] as const] : []),
      ]),
      '',
      ...table(rows.map(({ key, value, source }) => [key, textOf(value), source])),
    ],
  };
}

function runningText(running: Running, revision: string): string {
  if ('silent' in running) return running.silent;
  if (running.revision === revision) return 'under these settings';
  const others = `under other settings, revision ${running.revision}`;
  return running.stale ? `${others}; it refused newer ones, as its log says` : others;
}

/** As one would write it in the file. */
export function textOf(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trimEnd();
}
