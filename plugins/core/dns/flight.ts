import type { Signal } from '../deadline.ts';
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
export function join(flight: Flight, signal: Signal | undefined): Promise<Answer<RecordType>> {
  flight.waiting += 1;
  if (signal === undefined) return flight.answer;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      signal.removeEventListener('abort', leave);
      reject(signal.reason);
      flight.waiting -= 1;
      if (flight.waiting === 0) flight.abandon();
    };
    signal.addEventListener('abort', leave);
    void flight.answer.then((answer) => {
      signal.removeEventListener('abort', leave);
      resolve(answer);
    });
  });
}
