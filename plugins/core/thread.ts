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

/** What a thread says first, and its end; rejects where it fails, or ends without a word. The process does not wait for it. */
export async function answerOf<T>(thread: Worker): Promise<T> {
  thread.unref();
  const late = setTimeout(() => void thread.terminate(), longestMs).unref();
  try {
    return await new Promise<T>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
      thread.once('exit', () => reject(new Error('the thread that reads it has ended')));
    });
  } finally {
    clearTimeout(late);
    void thread.terminate();
  }
}

function shipped(url: string): string {
  if (!url.endsWith('.ts')) return url;
  const at = url.lastIndexOf('/plugins/');
  return `${url.slice(0, at)}/dist/${url.slice(at + '/plugins/'.length)}`;
}
