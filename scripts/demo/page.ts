import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lastLines } from './gateway.ts';
import { allReady } from './ports.ts';

/** The page of a gateway, which runs. */
export interface Page {
  readonly url: string;
  /** Resolves to the end of what it has printed, when it ends. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** The page did not come up; the message has the end of what it printed. */
export class PageFailed extends Error {
  override readonly name = 'PageFailed';
}

interface PageOptions {
  /** The directory of a Haraka that runs, with `web.port` in its settings. */
  readonly dir: string;
  readonly port: number;
}

const root = resolve(import.meta.dirname, '../..');
const readyMs = 20_000;
const patienceMs = 2000;

/** Starts `gatekeeper web`, which ends when we do. It prints to `web.log` in the directory of Haraka. */
export async function startPage({ dir, port }: PageOptions): Promise<Page> {
  const log = join(dir, 'web.log');
  const child = launch(dir, log);
  const ended = once(child, 'exit').then(() => lastLines(readFileSync(log, 'utf8')));
  const giveUp = new AbortController();
  void ended.then(() => giveUp.abort());
  const signal = AbortSignal.any([giveUp.signal, AbortSignal.timeout(readyMs)]);
  const isUp = await allReady([{ port, manner: 'accepts' }], signal);
  const stop = () => end(child, ended);
  if (isUp) return { url: `http://127.0.0.1:${port}/`, ended, stop };
  await stop();
  throw new PageFailed(`the page did not come up; the end of its log:\n${await ended}`);
}

function launch(dir: string, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a');
  const preload = join(import.meta.dirname, 'exit-with-parent.cjs');
  const command = [join(root, 'dist/command/main.js'), 'web', '--haraka', dir];
  const child = spawn(process.execPath, ['--require', preload, ...command], {
    cwd: dir,
    stdio: ['ignore', log, log, 'ipc'],
    // Ctrl-C at the terminal reaches us alone.
    detached: true,
  });
  closeSync(log);
  return child;
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await ended;
  clearTimeout(late);
}
