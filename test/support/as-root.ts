import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

type Command = readonly [string, ...string[]];

/** A server that root runs. */
export interface Daemon {
  readonly pid: number;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

/** Runs a command as root; throws with what it printed. */
export function asRoot(...command: Command): void {
  const [program, ...args] = rootCommand(command);
  execFileSync(program, args, { stdio: 'pipe' });
}

/** Runs a server in the foreground until it is stopped, or we end, however that happens. */
export function startDaemon(run: Command, stop: Command): Daemon {
  const [program, ...args] = rootCommand(run);
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  if (child.pid === undefined) throw new Error(`${program} cannot be run`);
  // Waits for the end of its input, which comes when we close it and when we are no more.
  const guard = ['-c', 'read -r _; exec "$@"', 'sh', ...rootCommand(stop)];
  const { stdin } = spawn('sh', guard, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  return {
    pid: child.pid,
    stop: async () => {
      stdin.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** As it is for root, by sudo for everybody else. */
function rootCommand(command: Command): [string, ...string[]] {
  return process.getuid?.() === 0 ? [...command] : ['sudo', ...command];
}
