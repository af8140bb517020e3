/** The work on one question, which may be called off. */
export interface Task {
  isOver: boolean;
  /** Ends at once what is being waited for. */
  stop: (() => void) | undefined;
}

export function startTask(): Task {
  return { isOver: false, stop: undefined };
}

/** Calls the work off; whatever waits for something is told that it did not come. */
export function callOff(task: Task): void {
  task.isOver = true;
  task.stop?.();
}
