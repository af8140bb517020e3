import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Answer, Online } from './online/question.ts';
import { exitCode, Failure } from './output.ts';

export type { Online };

/** Longer than any question takes by its own deadlines, one after the other for one account. */
const longestMs = 600_000;

/**
 * Asks each server that settings name, once, as the gateway would. By a process of its own, which is ended when it has answered:
 * the search for an address cannot be called off, and where the resolver is silent it would keep us for half a minute.
 */
export async function askServers(dir: string): Promise<Online> {
  const child = fork(join(import.meta.dirname, 'online/main.js'), [dir], {
    // Each search for an address takes a thread: none shall wait for that of another server.
    env: { ...process.env, UV_THREADPOOL_SIZE: '64' },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), longestMs);
  try {
    return await new Promise<Online>((settle, reject) => {
      child.once('message', (online) => settle(online as Online));
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        reject(new Failure(endedBy(signal ?? `exit ${code}`), exitCode.software)),
      );
    });
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

function endedBy(what: string): string {
  return `the servers were not asked: the process that asks them ended by itself (${what})`;
}

/** As a line for people. */
export function answerInWords({ what, name, says }: Answer): string {
  return `${what} ${name}: ${says}`;
}
