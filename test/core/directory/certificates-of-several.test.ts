import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ldif } from '../../../scripts/demo/ldif.ts';
import { entries, peopleBase, type Entry } from '../../../scripts/demo/people.ts';
import { openDirectories } from '../../../plugins/core/directory/directories.ts';
import type { Directory, RememberingDirectory } from '../../../plugins/core/directory/directory.ts';
import { parseSettings } from '../../../plugins/core/settings/file.ts';
import { startSlapd, type Slapd } from '../../support/slapd.ts';
import { inBrief } from './contract.ts';
import { atEnd } from './fixtures.ts';

/** Those of one directory: an account with a certificate of its own, and one whose certificate the other knows, too. */
function peopleOf(place: string): readonly Entry[] {
  const own = ['shared', place].map((host) => ({
    dn: `uid=${host}-key,${peopleBase}`,
    attributes: {
      ...{ objectClass: ['inetOrgPerson', 'gatekeeperSender'], uid: [`${host}-key`], cn: ['x'], sn: ['x'] },
      ...{ mail: [`${host}-key@${place}.example`], gatekeeperCertificate: [`dns:${host}.example`] },
    },
  }));
  return [...entries(), ...own];
}

void describe('directory: certificates where there are two for different domains', () => {
  const servers: Slapd[] = [];
  let config: string;
  before(async () => {
    config = mkdtempSync(join(tmpdir(), 'gatekeeper-directories-'));
    writeFileSync(join(config, 'ldap.password'), 'pw-gatekeeper\n', { mode: 0o600 });
    for (const place of ['others', 'acme']) servers.push(await startSlapd({ ldif: ldif(peopleOf(place)) }));
  });
  after(async () => {
    for (const server of servers) await server.stop();
    rmSync(config, { recursive: true });
  });

  const keyed = { certificate_attribute: 'gatekeeperCertificate' };
  const section = (server: number, more: object) => ({
    ...{ urls: [servers[server]?.url], start_tls: false, base: 'dc=corp,dc=example' },
    ...{ bind_dn: 'cn=gatekeeper,ou=services,dc=corp,dc=example', bind_password_file: 'ldap.password' },
    ...more,
  });
  /** The one for all others, and acme. */
  function open(others: object = keyed): RememberingDirectory {
    const acme = section(1, { name: 'acme', login_domains: ['acme.example'], ...keyed });
    const settings = { directory: section(0, others), directories: [acme] };
    const { policy } = parseSettings(JSON.stringify(settings), 'test');
    const directory = openDirectories(policy, { config, log: () => undefined });
    atEnd(() => directory.close());
    return directory;
  }
  const holder = async (directory: Directory, host: string) =>
    directory.byCertificate({ spki: Buffer.alloc(32).toString('base64'), emails: [], hosts: [host] });
  const idOf = async (directory: Directory, host: string) => {
    const found = await holder(directory, host);
    return found.kind === 'account' ? found.account.id : found.cause;
  };

  void it('are found in either: they name no domain', async () => {
    const directory = open();
    assert.equal(await idOf(directory, 'others.example'), `uid=others-key,${peopleBase}`);
    assert.equal(await idOf(directory, 'acme.example'), `acme:uid=acme-key,${peopleBase}`);
    assert.equal(await idOf(directory, 'stranger.example'), 'no-such-account');
  });

  void it("are nobody's if both know them", async () => {
    const dn = `uid=shared-key,${peopleBase}`;
    assert.deepEqual(await holder(open(), 'shared.example'), {
      ...{ kind: 'refused', cause: 'certificate-ambiguous', detail: `${dn} and acme:${dn}` },
    });
  });

  void it('are asked of those alone whose entries have them', async () => {
    const directory = open({});
    assert.equal(await idOf(directory, 'shared.example'), `acme:uid=shared-key,${peopleBase}`);
    assert.equal(inBrief(await holder(directory, 'others.example')), 'no-such-account');
    await servers[0]?.kill();
    try {
      assert.equal(await idOf(directory, 'acme.example'), `acme:uid=acme-key,${peopleBase}`);
    } finally {
      await servers[0]?.start();
    }
  });

  for (const down of [0, 1]) {
    void it(`have to wait while ${down === 0 ? 'that for all others' : 'acme'} is down, which may know them, too`, async () => {
      const directory = open();
      await servers[down]?.kill();
      const down4xx = { name: 'Unavailable', message: /ECONNREFUSED/ };
      try {
        for (const host of ['others.example', 'acme.example', 'shared.example', 'stranger.example'])
          await assert.rejects(holder(directory, host), down4xx, host);
      } finally {
        await servers[down]?.start();
      }
      assert.equal(await idOf(directory, 'acme.example'), `acme:uid=acme-key,${peopleBase}`);
    });
  }
});
