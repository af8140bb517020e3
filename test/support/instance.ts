import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDirectory } from '../../scripts/demo/directory.ts';
import { writeInstance, type InstanceOptions } from '../../scripts/demo/instance.ts';
import { entries, type Entry } from '../../scripts/demo/people.ts';

/** The directory of a Haraka that does not run, and an LDAP directory that does. */
export interface Site {
  readonly dir: string;
  stop(): Promise<void>;
}

/** Writes an instance with the settings of the demo; `directoryUrl` names another directory than the embedded one, which has `more`. */
export async function startSite(
  options: Partial<InstanceOptions> = {},
  more: readonly Entry[] = [],
): Promise<Site> {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-site-'));
  const directory = await startDirectory({ port: 0, entries: [...entries(), ...more] });
  const dir = writeInstance({
    directoryUrl: `ldap://127.0.0.1:${directory.port}`,
    packageDir: process.env['GATEKEEPER_PACKAGE'],
    ports: { mx: 1, submission: 2, implicit: 3 },
    sinkPort: 4,
    ...options,
    dir: join(base, 'haraka'),
  });
  return {
    dir,
    stop: async () => {
      await directory.stop();
      rmSync(base, { recursive: true, force: true });
    },
  };
}
