import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ldif } from '../../scripts/demo/ldif.ts';
import { entries, peopleBase, type Entry } from '../../scripts/demo/people.ts';
import { authority, Mint } from '../support/certificates.ts';
import { gatekeeper } from '../support/command.ts';
import { startSite, type Site } from '../support/instance.ts';
import { block } from '../support/pages.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';

const mint = new Mint();
const root = mint.make({ name: 'root', extensions: authority });
const extensions = ['subjectAltName=email:app@corp.example'];
const files = {
  app: mint.make({ name: 'app', extensions, by: root }).cert,
  stranger: mint.make({ name: 'stranger', by: root }).cert,
  expired: mint.make({ name: 'expired', extensions, by: root, days: -1 }).cert,
  own: mint.make({ name: 'own', extensions }).cert,
  nothing: 'no certificate',
};

const app: Entry = {
  dn: `uid=app,${peopleBase}`,
  attributes: {
    objectClass: ['inetOrgPerson', 'gatekeeperSender'],
    ...{ uid: ['app'], cn: ['app'], sn: ['app'], mail: ['app@corp.example'] },
  },
};

void describe('gatekeeper certificate', () => {
  let slapd: Slapd;
  let site: Site;
  const file = (name: string) => join(site.dir, `${name}.pem`);
  const ask = (name: string, ...more: readonly string[]) =>
    gatekeeper(['certificate', file(name), ...more], { haraka: site.dir });

  before(async () => {
    const access = `access to * by dn.exact="uid=dave,${peopleBase}" write by anonymous auth by users read`;
    slapd = await startSlapd({ ldif: ldif([...entries(), app]), access });
    site = await startSite({
      directoryUrl: slapd.url,
      config: { 'clients-ca.pem': root.cert },
      settings: {
        directory: { certificate_attribute: 'gatekeeperCertificate' },
        certificates: { external: 'on', authorities_file: 'clients-ca.pem' },
      },
    });
    for (const [name, text] of Object.entries(files)) writeFileSync(file(name), text);
    // That of the documentation.
    const bind = ['-x', '-H', slapd.url, '-D', `uid=dave,${peopleBase}`, '-w', 'pw-dave'];
    const input = block('docs/sysadmin.md', 'ldif', 'gatekeeperCertificate: email:');
    execFileSync('ldapmodify', bind, { input, stdio: 'pipe' });
  });
  after(async () => {
    await site.stop();
    await slapd.stop();
    mint.remove();
  });

  for (const { name, code, says } of [
    {
      name: 'app',
      code: 0,
      says: /^yes: \S+app\.pem is app@corp\.example\n[^]*^ +email:app@corp\.example$[^]*^may send as/m,
    },
    { name: 'stranger', code: 1, says: /^no: \S+: no-such-account: [^]*^values +spki:sha256:\S{44}$/m },
    { name: 'expired', code: 1, says: /^no: \S+: certificate-fault: [^]*^fault +expired: certificate/m },
    { name: 'own', code: 1, says: /^no: \S+: certificate-fault: [^]*^fault +self-signed: /m },
  ]) {
    void it(`says whose ${name} is`, async () => {
      const shown = await ask(name);
      assert.deepEqual([shown.code, shown.err], [code, '']);
      assert.match(shown.out, says);
    });
  }

  void it('answers programs, and complains of what is no certificate', async () => {
    const { out } = await ask('own', '--json');
    const { is_account, cause, fault } = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual([is_account, cause], [false, 'certificate-fault']);
    assert.match(JSON.stringify(fault), /"kind":"self-signed"/);
    const nothing = await ask('nothing');
    assert.deepEqual([nothing.code, nothing.out], [69, '']);
    assert.match(nothing.err, /holds no certificate in PEM/);
  });
});
