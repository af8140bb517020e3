import { join } from 'node:path';

/** Directory of the running Haraka: the parent of `config/`. */
export function harakaDirectory(): string {
  return process.env['HARAKA'] ?? process.cwd();
}

/** The folder `config` of the running Haraka, where files named in the settings begin. */
export function configDirectory(): string {
  return join(harakaDirectory(), 'config');
}

/** Whether this process is a worker of a cluster; the primary, and the only process without a cluster, are not. */
export function isWorker(): boolean {
  return process.env['CLUSTER_MASTER_PID'] !== undefined;
}
