import { messageOf } from '../message-of.ts';
import { configurationFault, isOnlyTrying, noteChecks, noteUses, refusalPrefix } from '../self-check.ts';
import type { Uses } from '../reach.ts';
import type { Policy, Settings } from '../settings/settings.ts';
import { checkProblems, orderChecks, orderOfChecks } from './checks/installed.ts';
import { offerHandle } from './handle.ts';
import { addHook } from './hook.ts';
import { makeForHostUser, tellUnreachable, usesUnder } from './host-user.ts';
import { hostProblems, installationProblems } from './installation.ts';
import { isWorker } from './instance.ts';
import { applyPatch, verifyPatches } from './patch.ts';
import { clientSocket } from './patches/client-socket.ts';
import { hookOrder } from './patches/hook-order.ts';
import { headerLines } from './patches/header-lines.ts';
import { hostNameKept } from './patches/host-name-kept.ts';
import { neverSkipped } from './patches/never-skipped.ts';
import { neverSpooled } from './patches/never-spooled.ts';
import { newTransactions } from './patches/new-transactions.ts';
import { proxyOnce } from './patches/proxy-once.ts';
import { refusalsStand } from './patches/refusals-stand.ts';
import { messageSize } from './patches/message-size.ts';
import { strayOctets } from './patches/stray-octets.ts';
import { transactionEnd } from './patches/transaction-end.ts';
import { versionOnce } from './patches/version-once.ts';
import { followSettings, looksOfSettings } from './reload.ts';
import { currentSettings, firstSettings, putInForce } from './settings-in-force.ts';
import type { Next, Plugin } from './types.ts';

/** How a plugin, or one concern of it, lives with the settings, at the start and whenever they change. */
export interface Part {
  /** What speaks against settings; any line stops the start, or leaves the old settings in force. */
  readonly problems?: (settings: Settings) => readonly string[];
  /** Makes ready what follows from settings and throws what is wrong; what it returns puts that to work and cannot fail. */
  readonly prepare?: (settings: Settings) => () => void;
  /** Takes the place of `prepare` where that fails in a worker, which cannot stop the start; must refuse nobody for good. */
  readonly fallback?: () => void;
  /** Files that `prepare` reads: a change of one of them is a change of the settings. */
  readonly files?: (policy: Policy) => readonly string[];
  /** Files that it reads again by itself. */
  readonly rereads?: (policy: Policy) => readonly string[];
}

const parts: Part[] = [];
const started = new Map<string, number>();

const workerPauseMs = 3000;

/** Where this package was loaded from, for another copy of it in the same process, which would know of none of our checks. */
const copy = Symbol.for('haraka-plugin-gatekeeper');

/** Begins a plugin: the settings are the same for all of them, and are put to work once all plugins are loaded. */
export function start(plugin: Plugin, ...itsParts: readonly Part[]): void {
  if (started.size === 0) begin(plugin);
  started.set(plugin.name, plugin.timeout);
  parts.push(...itsParts);
}

/** What all plugins share, at the first of them. */
function begin(plugin: Plugin): void {
  const problems = [...otherCopy(), ...hostProblems(plugin)];
  if (problems.length > 0) refuseToStart(problems);
  // Before they are read: what changes while plugins are loaded is a change.
  const looks = looksOfSettings();
  try {
    // Already here, although nothing is ready for them: hooks of init_master may run before the next tick.
    putInForce(firstSettings());
  } catch (error) {
    refuseToStart([messageOf(error)]);
  }
  // Before anything else makes them, as root.
  if (!isOnlyTrying() && !isWorker()) makeForHostUser(plugin, uses());
  patchHaraka(plugin);
  offerHandle(plugin);
  const filesOf = (policy: Policy) => parts.flatMap(({ files }) => files?.(policy) ?? []);
  followSettings(plugin, { makeReady: (settings) => makeReady(plugin, settings), filesOf }, looks);
  // By then Haraka is who it stays.
  whenServing(plugin, () => setImmediate(() => tellUnreachable(plugin, uses())));
  // Runs after all plugins are loaded and before Haraka listens.
  process.nextTick(putFirstSettingsToWork, plugin);
}

/** Of the process, which is the same for code of all realms. */
function otherCopy(): string[] {
  const { [copy]: other } = process as unknown as { [copy]?: string };
  Object.defineProperty(process, copy, { value: import.meta.url, configurable: true });
  if (other === undefined) return [];
  return [
    `there are two copies of this package: ${other} and ${import.meta.url}; what one knows of checks the other does not`,
  ];
}

/** What every plugin of ours stands on; auth, tls and outbound bring more. */
function patchHaraka(plugin: Plugin): void {
  const isOurs = (name: unknown) => isStarted(String(name));
  applyPatch(plugin, newTransactions);
  applyPatch(plugin, neverSkipped, isOurs);
  applyPatch(plugin, neverSpooled);
  applyPatch(plugin, versionOnce);
  applyPatch(plugin, hostNameKept);
  applyPatch(plugin, headerLines);
  applyPatch(plugin, strayOctets);
  applyPatch(plugin, messageSize);
  applyPatch(plugin, refusalsStand, isOurs);
  applyPatch(plugin, proxyOnce);
  applyPatch(plugin, transactionEnd);
  applyPatch(plugin, clientSocket);
}

/**
 * Makes everything ready for settings, and throws with one line for each problem. Nothing has changed until the function
 * that it returns is called: that puts them in force for all plugins of this process at once.
 */
function makeReady(plugin: Plugin, settings: Settings, onFailure: OnFailure = addProblem): () => void {
  const problems = [
    ...installationProblems(plugin, started, settings),
    ...checkProblems(settings),
    ...parts.flatMap(problemsOf(settings)),
  ];
  const commits = parts.map((part) => {
    try {
      return part.prepare?.(settings);
    } catch (error) {
      return onFailure(part, messageOf(error), problems);
    }
  });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return () => {
    putInForce(settings);
    for (const commit of commits) commit?.();
    if (settings.policy.emergency) plugin.logcrit('emergency: observe: no content policy refuses anything');
  };
}

/** What happens when a part cannot be made ready: its fallback, or one more problem. */
type OnFailure = (part: Part, problem: string, problems: string[]) => (() => void) | undefined;

const addProblem: OnFailure = (_part, problem, problems) => {
  problems.push(problem);
  return undefined;
};

function problemsOf(settings: Settings): (part: Part) => readonly string[] {
  return (part) => {
    try {
      return part.problems?.(settings) ?? [];
    } catch (error) {
      return [messageOf(error)];
    }
  };
}

function putFirstSettingsToWork(plugin: Plugin): void {
  const orFallBack: OnFailure = (part, problem, problems) => {
    if (!isWorker() || !part.fallback) return addProblem(part, problem, problems);
    plugin.logcrit(problem);
    return part.fallback;
  };
  try {
    orderHooks(plugin);
    makeReady(plugin, currentSettings(), orFallBack)();
    const problems = verifyPatches();
    if (problems.length > 0) throw new Error(problems.join('\n'));
    noteUses(uses());
  } catch (error) {
    refuseToStart([messageOf(error)]);
  }
}

/** Under the settings in force. */
function uses(): Uses {
  const { policy } = currentSettings();
  const files = parts.flatMap((part) => [...(part.files?.(policy) ?? []), ...(part.rereads?.(policy) ?? [])]);
  return usesUnder(policy, files);
}

/**
 * Ends the process where a plugin brings something once all are loaded: nobody would ask for it, and what is thrown in a hook of
 * Haraka's, such as `init_master`, is a line in its log and no more.
 */
export function refuseIfLate({ name }: Plugin): void {
  if (isOrdered) refuseToStart([`plugin ${name}: install is too late: it belongs into register()`]);
}

let isOrdered = false;

/** Once all plugins are loaded, it is known who decides when. */
function orderHooks(plugin: Plugin): void {
  isOrdered = true;
  const problems = orderChecks();
  if (problems.length > 0) throw new Error(problems.join('\n'));
  applyPatch(plugin, hookOrder);
  noteChecks(orderOfChecks());
}

/** Runs what has to be right before other plugins are loaded; a fault in it is the operator's to mend, and stops the start. */
export function orRefuse(plugin: Plugin, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isWorker()) refuseToStart([messageOf(error)]);
    plugin.logcrit(messageOf(error));
  }
}

/** Runs `work` once in each process that serves clients: in the workers, or in the one process there is. */
export function whenServing(plugin: Plugin, work: () => void): void {
  const run = (next: Next) => {
    const isServing = isWorker() || !plugin.haraka_require('server').cluster;
    if (isServing) work();
    next();
  };
  addHook(plugin, 'init_master', 'gatekeeper_serving', run);
  addHook(plugin, 'init_child', 'gatekeeper_serving', run);
}

/** Whether a plugin of ours called `start`; a broken one stays listed in Haraka without it. */
function isStarted(name: string): boolean {
  return started.has(name);
}

function refuseToStart(problems: readonly string[]): never {
  const lines = problems.flatMap((problem) => problem.split('\n'));
  for (const line of lines) process.stderr.write(`${refusalPrefix}${line}\n`);
  // The primary forks a worker that ends at once again and again.
  if (isWorker()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workerPauseMs);
  process.exit(configurationFault);
}
