import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Begins a thread with a module beside the one at `url`, by its name without ending. A thread of Node.js runs JavaScript alone: from
 * the sources it is what was built of them.
 */
export function beginThread(url: string, name: string, options: WorkerOptions): Worker {
  return new Worker(new URL(`${name}.js`, shipped(url)), options);
}

/** Longer than that nothing is waited for. */
const longestMs = 300_000;

/**
 * What a thread says first; rejects where it fails, ends without a word, or says none in time. The process waits for that, but not
 * for its end, and never ends it before: what is cut off in the middle of a step may take the process with it.
 */
export async function answerOf<T>(thread: Worker): Promise<T> {
  thread.unref();
  return new Promise<T>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error('the thread that reads it takes too long')),
      longestMs,
    ).unref();
    thread.once('message', (answer: T) => {
      resolve(answer);
      void thread.terminate();
    });
    thread.once('error', reject);
    thread.once('exit', () => {
      clearTimeout(late);
      reject(new Error('the thread that reads it has ended'));
    });
  });
}

function shipped(url: string): string {
  if (!url.endsWith('.ts')) return url;
  const at = url.lastIndexOf('/plugins/');
  return `${url.slice(0, at)}/dist/${url.slice(at + '/plugins/'.length)}`;
}
