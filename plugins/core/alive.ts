/** Whether a process of this number lives, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether it is another one that lives: in a container the one before us may have had our number. */
export function isAnotherAlive(pid: number): boolean {
  return pid !== process.pid && isAlive(pid);
}
