import { join } from 'node:path';
import { readSettingsFile } from '../settings-file.ts';
import type { Settings } from '../settings.ts';
import { neverSkipUs } from './patches/never-skipped.ts';
import { acceptOneProxyLine } from './patches/proxy-once.ts';
import { guardRefusals } from './patches/refusals-stand.ts';
import type { Next, Plugin } from './types.ts';

/** What is wrong with the installation; an empty list when nothing is. */
export type StartupCheck = () => readonly string[];

const startupChecks: StartupCheck[] = [];
const started = new Set<string>();
let settings: Settings | undefined;

/** A worker that the primary forks again after a crash finds here what the primary began with. */
const lastGoodVariable = 'GATEKEEPER_SETTINGS';

/** EX_CONFIG of sysexits.h. */
const configurationFault = 78;

const workerPauseMs = 3000;

/** Begins a plugin: the settings are read once for all of them, and its `checks` run before any port accepts. */
export function start(plugin: Plugin, checks: readonly StartupCheck[] = []): Settings {
  if (started.size === 0) {
    const problems = hostProblems(plugin);
    if (problems.length > 0) refuseToStart(problems);
    settings = loadSettings(plugin);
    guardRefusals(plugin);
    acceptOneProxyLine(plugin);
    neverSkipUs(plugin);
    // Runs after all plugins are loaded and before Haraka listens.
    process.nextTick(runStartupChecks);
  }
  started.add(plugin.name);
  startupChecks.push(...checks);
  return currentSettings();
}

/**
 * Runs what a plugin needs to work; a fault in it is the operator's to mend, and stops the start. A worker that is forked
 * again later takes `fallback` instead, which must refuse nobody for good.
 */
export function prepare<T>(plugin: Plugin, work: () => T, fallback: () => T): T {
  try {
    return work();
  } catch (error) {
    const problem = messageOf(error);
    if (!isWorker()) return refuseToStart([problem]);
    plugin.logcrit(problem);
    return fallback();
  }
}

/** Runs `work` once in each process that serves clients: in the workers, or in the one process there is. */
export function whenServing(plugin: Plugin, work: () => void): void {
  const run = (next: Next) => {
    const isServing = isWorker() || !plugin.haraka_require('server').cluster;
    if (isServing) work();
    next();
  };
  Object.assign(plugin, { gatekeeper_serving: run });
  plugin.register_hook('init_master', 'gatekeeper_serving');
  plugin.register_hook('init_child', 'gatekeeper_serving');
}

/** The newest settings that were good. */
export function currentSettings(): Settings {
  if (!settings) throw new Error('no gatekeeper plugin was started');
  return settings;
}

/** Whether a plugin of ours called `start`; a broken one stays listed in Haraka without it. */
export function isStarted(name: string): boolean {
  return started.has(name);
}

/** Directory of the running Haraka: the parent of `config/`. */
export function harakaDirectory(): string {
  return process.env['HARAKA'] ?? process.cwd();
}

/** A file named in the settings: relative to the folder `config` of Haraka. */
export function configPath(file: string): string {
  return join(harakaDirectory(), 'config', file);
}

/** What is missing of Haraka's own configuration, without which ours would not hold. */
function hostProblems(plugin: Plugin): string[] {
  const problems: string[] = [];
  const { max } = plugin.haraka_require('connection').cfg as { max?: unknown };
  if (max === undefined)
    problems.push('config/connection.ini is missing: Haraka dies at the first connection');
  if (!plugin.config.get('internalcmd_key')) {
    problems.push('config/internalcmd_key is missing or empty: any local client could stop Haraka');
  }
  return problems;
}

function loadSettings(plugin: Plugin): Settings {
  try {
    const fresh = readSettingsFile(configPath('gatekeeper.yaml'));
    // The variable holds the policy, in which no secret stands.
    process.env[lastGoodVariable] = JSON.stringify(fresh);
    return fresh;
  } catch (error) {
    const kept = process.env[lastGoodVariable];
    if (isWorker() && kept !== undefined) {
      plugin.logcrit(`settings are broken, going on with those of the start: ${messageOf(error)}`);
      return JSON.parse(kept) as Settings;
    }
    return refuseToStart([messageOf(error)]);
  }
}

function runStartupChecks(): void {
  const problems = startupChecks.flatMap((check) => {
    try {
      return check();
    } catch (error) {
      return [messageOf(error)];
    }
  });
  if (problems.length > 0) refuseToStart(problems);
}

function refuseToStart(problems: readonly string[]): never {
  for (const problem of problems) process.stderr.write(`gatekeeper refuses to start: ${problem}\n`);
  // The primary forks a worker that ends at once again and again.
  if (isWorker()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workerPauseMs);
  process.exit(configurationFault);
}

function isWorker(): boolean {
  return process.env['CLUSTER_MASTER_PID'] !== undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
