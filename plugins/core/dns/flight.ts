import { setMaxListeners } from 'node:events';
import type { Answer, RecordType } from './dns.ts';
import type { Task } from './task.ts';

/** A question on its way, and how many want its answer. */
export interface Flight {
  readonly task: Task;
  /** Never rejects. */
  readonly answer: Promise<Answer<RecordType>>;
  /** Calls the question off. */
  readonly abandon: () => void;
  waiting: number;
}

/** The answer, or the reason of the signal when that comes first; the last one to go calls the question off. */
export function join(flight: Flight, signal: AbortSignal | undefined): Promise<Answer<RecordType>> {
  flight.waiting += 1;
  if (signal === undefined) return flight.answer;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      reject(signal.reason as Error);
      flight.waiting -= 1;
      if (flight.waiting === 0) flight.abandon();
    };
    // Many questions of one message may wait under the same signal: that is no leak to be warned of.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', leave, { once: true });
    void flight.answer.then((answer) => {
      signal.removeEventListener('abort', leave);
      resolve(answer);
    });
  });
}
