import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateIn } from '../demo/certificates.ts';
import { varDir } from '../demo/instance.ts';
import { ldif } from '../demo/ldif.ts';
import { entries, people } from '../demo/people.ts';
import { createAuthority } from '../../test/support/ldap-certificates.ts';
import { startSlapd } from '../../test/support/slapd.ts';
import { asRoot } from '../../test/support/as-root.ts';
import type { Scene } from './server.ts';

export interface OpenScene extends Scene {
  /** The process of the directory. */
  readonly directoryPid: number;
  /** Aborted when everything is to end early. */
  readonly signal: AbortSignal;
  /** Ends the directory and removes all files. */
  readonly close: () => Promise<void>;
}

/** A slapd with the people of the demo, over ldaps, and a folder for the servers. */
export async function openScene(signal: AbortSignal): Promise<OpenScene> {
  const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-bench-'));
  chmodSync(folder, 0o755);
  const authority = await createAuthority();
  const tls = await authority.issue('DNS:localhost', 'IP:127.0.0.1');
  const slapd = await startSlapd({ ldif: ldif(entries()), tls: { caFile: authority.caFile, ...tls } });
  return {
    folder,
    certificate: certificateIn(varDir),
    directory: {
      url: `ldaps://127.0.0.1:${slapd.tlsPort}`,
      plainUrl: slapd.url,
      ca: authority.ca,
      caFile: authority.caFile,
    },
    accounts: people.filter((person) => !person.disabled),
    directoryPid: slapd.pid(),
    signal,
    close: async () => {
      await slapd.stop();
      await authority.remove();
      asRoot('rm', '-r', folder);
    },
  };
}
