import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lastLines } from '../../scripts/demo/gateway.ts';
import type { Ports } from '../../scripts/demo/instance.ts';
import { allReady } from '../../scripts/demo/ports.ts';
import { projectDir, type Site } from './operator.ts';
import { environment } from './shell.ts';

/** A Haraka that runs from where npm installed it. */
export interface Haraka {
  /** All that it has printed since it started. */
  log(): string;
  stop(): Promise<void>;
}

/** Runs `haraka -c INSTANCE` from a directory that has nothing to do with either; resolves when its ports answer. */
export async function startHaraka(site: Site, { mx, submission, implicit }: Ports): Promise<Haraka> {
  const logFile = join(site.root, 'haraka.log');
  const child = launch(site, logFile);
  const log = (): string => readFileSync(logFile, 'utf8');
  const ended = new AbortController();
  const exited = new Promise<void>((resolve) => {
    for (const end of ['exit', 'error']) {
      child.once(end, () => {
        ended.abort();
        resolve();
      });
    }
  });
  const expected = [mx, submission].map((port) => ({ port, manner: 'greets' as const }));
  const patience = AbortSignal.any([ended.signal, AbortSignal.timeout(20_000)]);
  const isUp = await allReady([...expected, { port: implicit, manner: 'greets inside TLS' }], patience);
  if (isUp) return { log, stop: () => stop(child, exited) };
  await stop(child, exited);
  throw new Error(`haraka (exit ${child.exitCode}) does not answer:\n${lastLines(log())}`);
}

/** It ends with this process, however that ends (exit-with-parent.cjs). */
function launch({ root, haraka, instance }: Site, logFile: string): ChildProcess {
  const elsewhere = join(root, 'elsewhere');
  mkdirSync(elsewhere, { recursive: true });
  const output = openSync(logFile, 'w');
  const preload = join(projectDir, 'scripts/demo/exit-with-parent.cjs');
  const child = spawn(haraka, ['-c', instance], {
    cwd: elsewhere,
    env: { ...environment, NODE_OPTIONS: `--require ${JSON.stringify(preload)}` },
    stdio: ['ignore', output, output, 'ipc'],
    detached: true,
  });
  closeSync(output);
  return child;
}

/** The primary ends when its channel closes; its worker would follow, but is not waited for. */
async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.connected) child.disconnect();
  await Promise.race([exited, pause(3000, undefined, { ref: false })]);
  killGroup(child);
  await exited;
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}
