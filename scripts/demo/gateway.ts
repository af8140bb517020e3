import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { harakaDir, type InstanceOptions, type Ports, writeInstance } from './instance.ts';
import { allReady, type Expected } from './ports.ts';

export {
  defaultPlugins,
  type InstanceOptions,
  type Ports,
  type Settings,
  writeInstance,
} from './instance.ts';

export interface GatewayOptions extends InstanceOptions {
  /** Start the instance that is in `dir` already, with its queue, instead of a new one. */
  readonly reuse?: boolean | undefined;
  /** Further environment variables; undefined removes one. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Further options for Node.js. */
  readonly execArgv?: readonly string[] | undefined;
  /** False: resolve at once, whether or not the gateway will come up. */
  readonly ready?: boolean | undefined;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running Haraka. It ends when the process that started it does. */
export interface Gateway {
  readonly dir: string;
  readonly ports: Ports;
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  /** All that it has printed so far. */
  log(): string;
  stop(): Promise<void>;
}

/** The gateway did not come up. */
export class GatewayFailed extends Error {
  override readonly name = 'GatewayFailed';
  /** Null when it runs but its ports do not answer. */
  readonly exitCode: number | null;
  readonly log: string;

  constructor(what: string, exitCode: number | null, log: string) {
    super(`the gateway ${what}; the end of its log:\n${lastLines(log)}`);
    this.exitCode = exitCode;
    this.log = log;
  }
}

const readyMs = 60_000;
const patienceMs = 3000;
const groupPatienceMs = 500;

/** Makes an instance, starts Haraka in it and resolves when its ports answer; rejects with `GatewayFailed`. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const dir = options.reuse ? resolve(options.dir) : writeInstance(options);
  const child = launch(dir, options);
  const exited = exitOf(child);
  const log = (): string => readFileSync(join(dir, 'haraka.log'), 'utf8');
  const gateway = { dir, ports: options.ports, process: child, exited, log, stop: () => stop(child, exited) };
  if (options.ready ?? true) await comeUp(gateway);
  return gateway;
}

async function exitOf(child: ChildProcess): Promise<Exit> {
  await once(child, 'exit');
  return { code: child.exitCode, signal: child.signalCode };
}

/** The last lines of a log, for messages. */
export function lastLines(log: string): string {
  return log.trimEnd().split('\n').slice(-30).join('\n');
}

/** In a process group of its own: Ctrl-C at the terminal reaches us alone, and `stop` reaches the workers too. */
function launch(dir: string, { env = {}, execArgv = [] }: GatewayOptions): ChildProcess {
  const log = openSync(join(dir, 'haraka.log'), 'a');
  const preload = join(import.meta.dirname, 'exit-with-parent.cjs');
  const haraka = ['--require', preload, join(harakaDir, 'bin/haraka'), '-c', dir];
  const child = spawn(process.execPath, [...execArgv, ...haraka], {
    cwd: dir,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  return child;
}

async function comeUp(gateway: Gateway): Promise<void> {
  const giveUp = new AbortController();
  const signals = [giveUp.signal, AbortSignal.timeout(readyMs)];
  void gateway.exited.then(() => {
    giveUp.abort();
  });
  const isUp = await allReady(expectedOf(gateway.ports), AbortSignal.any(signals));
  if (isUp) return;
  const { exitCode, signalCode } = gateway.process;
  const ended = exitCode !== null || signalCode !== null;
  await gateway.stop();
  const what = ended
    ? `ended (${signalCode ?? `exit ${exitCode}`})`
    : `does not answer within ${readyMs / 1000} s`;
  throw new GatewayFailed(what, exitCode, gateway.log());
}

function expectedOf({ mx, submission, implicit, http }: Ports): Expected[] {
  return [
    { port: mx, manner: 'greets' },
    { port: submission, manner: 'greets' },
    { port: implicit, manner: 'greets inside TLS' },
    ...(http === undefined ? [] : [{ port: http, manner: 'accepts' } as const]),
  ];
}

/** Haraka ends by itself when its channel closes (exit-with-parent.cjs), which lets it write what it still holds. */
async function stop(child: ChildProcess, exited: Promise<Exit>): Promise<void> {
  if (child.connected) child.disconnect();
  await Promise.race([exited, pause(patienceMs, undefined, { ref: false })]);
  await groupIsGone(child);
  signal(child, 'SIGKILL');
  await exited;
}

/** Workers end a moment after their primary. Not for long: those that nobody reaps count as present. */
async function groupIsGone(child: ChildProcess): Promise<void> {
  for (const end = Date.now() + groupPatienceMs; Date.now() < end && signal(child, 0);) await pause(10);
}

/** Signals a process and its workers; false when none is left. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, name);
  } catch {
    return false;
  }
}
