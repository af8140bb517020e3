import type { Settings } from '../settings.ts';
import { isWorker } from './instance.ts';
import { applyPatch, verifyPatches } from './patch.ts';
import { clientSocket } from './patches/client-socket.ts';
import { headerLines } from './patches/header-lines.ts';
import { neverSkipped } from './patches/never-skipped.ts';
import { newTransactions } from './patches/new-transactions.ts';
import { proxyOnce } from './patches/proxy-once.ts';
import { refusalsStand } from './patches/refusals-stand.ts';
import { transactionEnd } from './patches/transaction-end.ts';
import { currentSettings, loadSettings } from './settings-in-force.ts';
import type { Next, Plugin } from './types.ts';

/** What is wrong with the installation; an empty list when nothing is. */
export type StartupCheck = () => readonly string[];

const startupChecks: StartupCheck[] = [];
const started = new Set<string>();

/** EX_CONFIG of sysexits.h. */
const configurationFault = 78;

const workerPauseMs = 3000;

/** Begins a plugin: the settings are read once for all of them, and its `checks` run before any port accepts. */
export function start(plugin: Plugin, checks: readonly StartupCheck[] = []): Settings {
  if (started.size === 0) begin(plugin);
  started.add(plugin.name);
  startupChecks.push(...checks);
  return currentSettings();
}

/** What all plugins share, at the first of them. */
function begin(plugin: Plugin): void {
  const problems = hostProblems(plugin);
  if (problems.length > 0) refuseToStart(problems);
  try {
    loadSettings(plugin);
  } catch (error) {
    refuseToStart([messageOf(error)]);
  }
  patchHaraka(plugin);
  // Runs after all plugins are loaded and before Haraka listens.
  process.nextTick(runStartupChecks);
}

/** What every plugin of ours stands on; auth, tls and outbound bring more. */
function patchHaraka(plugin: Plugin): void {
  const isOurs = (name: unknown) => isStarted(String(name));
  applyPatch(plugin, newTransactions);
  applyPatch(plugin, neverSkipped, isOurs);
  applyPatch(plugin, headerLines);
  applyPatch(plugin, refusalsStand, isOurs);
  applyPatch(plugin, proxyOnce);
  applyPatch(plugin, transactionEnd);
  applyPatch(plugin, clientSocket);
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

/** Whether a plugin of ours called `start`; a broken one stays listed in Haraka without it. */
export function isStarted(name: string): boolean {
  return started.has(name);
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

function runStartupChecks(): void {
  // Last: some of the checks apply patches.
  const problems = [...startupChecks, verifyPatches].flatMap((check) => {
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
