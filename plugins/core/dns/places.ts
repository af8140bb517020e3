import type { Task } from './task.ts';

/** Lets so many questions in at once; the others wait in order of arrival, and not more than `length` of them. */
export interface Places {
  /** `entered` is one's turn, which `leave` must end. A task that was called off is `late` too. */
  enter(task: Task, milliseconds: number): Promise<'entered' | 'late' | 'full'>;
  leave(): void;
}

export function createPlaces(places: number, length: number): Places {
  const waiting = new Set<() => void>();
  let free = places;
  return {
    enter: (task, milliseconds) => {
      if (free > 0) {
        free -= 1;
        return Promise.resolve('entered');
      }
      if (waiting.size >= length) return Promise.resolve('full');
      return new Promise((resolve) => {
        const settle = (result: 'entered' | 'late'): void => {
          clearTimeout(timer);
          task.stop = undefined;
          waiting.delete(enter);
          resolve(result);
        };
        const enter = (): void => settle('entered');
        const timer = setTimeout(settle, milliseconds, 'late');
        task.stop = () => settle('late');
        waiting.add(enter);
      });
    },
    leave: () => {
      const [first] = waiting;
      if (first === undefined) free += 1;
      else first();
    },
  };
}
