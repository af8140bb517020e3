import { readdirSync, readFileSync } from 'node:fs';

/** What proc_pid_stat(5) tells of one process. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Ticks in user and system mode, its own and those of its children that ended. */
  readonly ticks: number;
}

/** USER_HZ, in which Linux counts for every program (times(2)), is 100. */
const msPerTick = 10;

/** Reads one line of /proc/PID/stat. The name stands in parentheses and may hold spaces and parentheses itself. */
export function parseStat(line: string): ProcessStat {
  const nameEnds = line.lastIndexOf(')');
  const fields = line.slice(nameEnds + 2).split(' ');
  // By the names of proc_pid_stat(5), which counts from 1; the name is field 2.
  const field = (number: number): number => Number(fields[number - 3]);
  const [utime, stime, cutime, cstime] = [field(14), field(15), field(16), field(17)];
  const stat = { pid: parseInt(line, 10), parent: field(4), ticks: utime + stime + cutime + cstime };
  if (nameEnds < 0 || !Object.values(stat).every(Number.isInteger)) throw new Error(`no process: ${line}`);
  return stat;
}

/** The ticks of some processes and all that descend from them. */
export function treeTicks(processes: readonly ProcessStat[], roots: readonly number[]): number {
  const counted = new Set(roots);
  // A Set also visits what is added meanwhile.
  for (const ancestor of counted) {
    const children = processes.filter(({ parent }) => parent === ancestor);
    for (const { pid } of children) counted.add(pid);
  }
  return processes.reduce((sum, { pid, ticks }) => sum + (counted.has(pid) ? ticks : 0), 0);
}

/** CPU time of some processes and all that descend from them, in ms, to 10 ms for each process. */
export function cpuMs(roots: readonly number[]): number {
  return treeTicks(readdirSync('/proc').flatMap(statOf), roots) * msPerTick;
}

function statOf(name: string): ProcessStat[] {
  if (!/^\d+$/.test(name)) return [];
  try {
    return [parseStat(readFileSync(`/proc/${name}/stat`, 'utf8'))];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return []; // it has ended
    throw error;
  }
}
