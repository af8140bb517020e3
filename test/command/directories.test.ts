import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gatekeeper } from '../support/command.ts';
import { awkwardLdif } from '../support/directory-people.ts';
import { startSite, type Site } from '../support/instance.ts';
import { startSlapd, type Slapd } from '../support/slapd.ts';

void describe('gatekeeper login with several directories', { concurrency: 2 }, () => {
  let slapd: Slapd;
  let site: Site;
  let alone: Site;
  before(async () => {
    slapd = await startSlapd({ ldif: awkwardLdif() });
    const service = 'cn=gatekeeper,ou=services,dc=corp,dc=example';
    const corp = {
      ...{ name: 'corp', login_domains: ['corp.example'], urls: [slapd.url], start_tls: false },
      ...{ bind_dn: service, bind_password_file: 'ldap.password', base: 'dc=corp,dc=example' },
    };
    site = await startSite({ directoryUrl: 'ldap://127.0.0.1:1', settings: { directories: [corp] } });
    alone = await startSite();
    writeFileSync(join(alone.dir, 'config/gatekeeper.yaml'), JSON.stringify({ directories: [corp] }));
  });
  after(async () => {
    await Promise.all([site.stop(), alone.stop()]);
    await slapd.stop();
  });

  const login = (haraka: string, ...args: readonly string[]) => gatekeeper(['login', ...args], { haraka });

  void it('says which one decides', async () => {
    const { code, out } = await login(site.dir, 'bob@corp.example', '--no-password');
    assert.equal(code, 0);
    assert.deepEqual(out.trimEnd().split('\n'), [
      'yes: bob@corp.example may log in; the password was not asked for',
      'directory    directories.corp',
      'account      corp:uid=bob,ou=people,dc=corp,dc=example',
      'name         bob@corp.example',
      'may send as  bob@corp.example',
    ]);
    const json = await login(site.dir, 'mallory@corp.example', '--no-password', '--json');
    assert.deepEqual(JSON.parse(json.out), {
      ...{ login: 'mallory@corp.example', may_log_in: false, password_checked: false },
      ...{ cause: 'no-such-account', directory: 'directories.corp' },
    });
  });

  void it('asks no other', async () => {
    const { code, err } = await login(site.dir, 'bob@other.example', '--no-password');
    assert.equal(code, 69);
    assert.match(err, /^gatekeeper: ldap:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/);
  });

  void it('says that none is for a login', async () => {
    const { code, out } = await login(alone.dir, 'bob', '--no-password');
    assert.equal(code, 1);
    assert.match(out, /^no: bob: no-such-account: .*\ndirectory {2}\(none is for this login\)\n$/);
    const json = await login(alone.dir, 'bob', '--no-password', '--json');
    assert.equal((JSON.parse(json.out) as { directory: unknown }).directory, null);
  });

  void it('sender asks the same one', async () => {
    const args = ['sender', 'alice@corp.example', 'team@corp.example'];
    const { code, out } = await gatekeeper(args, { haraka: site.dir });
    assert.deepEqual([code, out], [0, 'yes: team@corp.example is an address of alice@corp.example\n']);
  });
});
