import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** A process that answers each request, one at a time. */
export interface Answering<Request, Answer> {
  ask(request: Request): Promise<Answer>;
  end(): void;
}

/** Starts a program of this folder, which says something when it is ready; also resolves to that. */
export async function startProcess<Request extends object, Answer>(
  program: string,
  ...args: readonly string[]
): Promise<{ readonly process: Answering<Request, Answer>; readonly greeting: unknown }> {
  const child = fork(join(import.meta.dirname, program), args, { execArgv: ['--import', 'tsx'] });
  const greeting = await nextFrom(child);
  return { process: { ask: (request) => ask(child, request), end: () => child.kill() }, greeting };
}

/** Sends a request to a process, and resolves to its next message. */
export function ask<Answer>(child: ChildProcess, request: object): Promise<Answer> {
  child.send(request);
  return nextFrom(child) as Promise<Answer>;
}

/** The next message of a process; rejects when it ends first. */
export function nextFrom(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => {
      reject(new Error(`a process of the benchmark ended with ${code}`));
    };
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}

/** In such a process: says that it is ready, and answers. It ends with the one that started it. */
export function answer(greeting: unknown, respond: (request: unknown) => Promise<unknown>): void {
  process.on('message', (request) => {
    // What goes wrong ends the process, with its stack on standard error.
    void respond(request).then((message) => process.send?.(message));
  });
  process.once('disconnect', () => process.exit());
  process.send?.(greeting);
}
