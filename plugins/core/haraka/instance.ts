import { join } from 'node:path';

/** Directory of the running Haraka: the parent of `config/`. */
export function harakaDirectory(): string {
  return process.env['HARAKA'] ?? process.cwd();
}

/** A file named in the settings: relative to the folder `config` of Haraka. */
export function configPath(file: string): string {
  return join(harakaDirectory(), 'config', file);
}

/** Whether this process is a worker of a cluster; the primary, and the only process without a cluster, are not. */
export function isWorker(): boolean {
  return process.env['CLUSTER_MASTER_PID'] !== undefined;
}
