import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readSettings } from '../../plugins/core/settings/file.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually, startTestGateway } from '../support/gateway.ts';
import { startSite, type Site } from '../support/instance.ts';
import { freePorts } from '../support/ports.ts';

const policy = `protected_domains: [corp.example]
directory:
  urls:
    - ldaps://ldap1.corp.example
    - ldaps://ldap2.corp.example
  bind_dn: cn=gatekeeper,ou=services,dc=corp,dc=example
  bind_password_file: ldap.password
  base: ou=people,dc=corp,dc=example
sender: { mode: observe }
`;

interface Row {
  readonly key: string;
  readonly value: unknown;
  readonly source: string;
}

void describe('gatekeeper config', () => {
  let site: Site;
  before(async () => {
    site = await startSite({ config: { 'gatekeeper.yaml': policy } });
    mkdirSync(join(site.dir, 'config/gatekeeper.d'));
    writeFileSync(
      join(site.dir, 'config/gatekeeper.d/relays.yaml'),
      'trusted_relays:\n  - { name: backup, addresses: [192.0.2.25] }\n',
    );
  });
  after(() => site.stop());

  async function rows(args: readonly string[] = [], env = {}): Promise<readonly Row[]> {
    const { code, out, err } = await gatekeeper(['config', '--json', ...args], { haraka: site.dir, env });
    assert.deepEqual([code, err], [0, '']);
    return (JSON.parse(out) as { settings: Row[] }).settings;
  }

  void it('shows every setting with where it comes from', async () => {
    const shown = new Map(
      (await rows()).map(({ key, value, source }) => [key, `${String(value)} ${source}`]),
    );
    const expected = {
      protected_domains: 'corp.example config/gatekeeper.yaml:1',
      trusted_relays: '[object Object] config/gatekeeper.d/relays.yaml:1',
      'directory.urls': 'ldaps://ldap1.corp.example,ldaps://ldap2.corp.example config/gatekeeper.yaml:3',
      'directory.start_tls': 'true default',
      'directory.base': 'ou=people,dc=corp,dc=example config/gatekeeper.yaml:8',
      'sender.mode': 'observe config/gatekeeper.yaml:9',
      'sender.subaddress_separator': '+ default',
      'tls.preset': 'intermediate default',
    };
    for (const [key, value] of Object.entries(expected)) assert.equal(shown.get(key), value, key);
  });

  void it('shows the settings that the gateway reads, and no others', async () => {
    const { settings } = readSettings(join(site.dir, 'config'));
    const rebuilt: Record<string, unknown> = {};
    for (const { key, value } of await rows()) {
      if (key !== 'directory.bind_password') put(rebuilt, key.split('.'), value);
    }
    assert.deepEqual(rebuilt, settings.policy);
  });

  void it('shows each key of one of several directories, and the source of its password', async () => {
    const several = await startSite({ directoryUrl: 'ldaps://ldap.corp.example' });
    mkdirSync(join(several.dir, 'config/gatekeeper.d'));
    const acme =
      'directories:\n  - name: acme-2\n    login_domains: [acme.example]\n    preset: openldap\n    urls: [ldaps://x]\n    bind_dn: cn=x\n    base: dc=x\n';
    writeFileSync(join(several.dir, 'config/gatekeeper.d/acme.yaml'), acme);
    const env = { GATEKEEPER_LDAP_PASSWORD_ACME_2: 'pw-of-the-environment' };
    const { out } = await gatekeeper(['config', '--json'], { haraka: several.dir, env });
    await several.stop();
    const { settings } = JSON.parse(out) as { settings: Row[] };
    const shown = new Map(settings.map(({ key, value, source }) => [key, `${String(value)} ${source}`]));
    const expected = {
      directories: undefined,
      'directories.acme-2.name': 'acme-2 config/gatekeeper.d/acme.yaml:2',
      'directories.acme-2.login_domains': 'acme.example config/gatekeeper.d/acme.yaml:3',
      'directories.acme-2.base': 'dc=x config/gatekeeper.d/acme.yaml:7',
      'directories.acme-2.state_attributes': 'pwdAccountLockedTime,pwdReset preset openldap',
      'directories.acme-2.connections': '8 default',
      'directories.acme-2.bind_password': '(secret) GATEKEEPER_LDAP_PASSWORD_ACME_2',
      'directory.bind_password': '(secret) config/ldap.password',
    };
    for (const [key, value] of Object.entries(expected)) assert.equal(shown.get(key), value, key);
  });

  void it('names a preset where it gives a setting, and not where the file does', async () => {
    const preset = await startSite({
      directoryUrl: 'ldaps://dc1.corp.example',
      settings: { directory: { preset: 'active-directory', filter: '(mail={login})' } },
    });
    const { out } = await gatekeeper(['config', '--json'], { haraka: preset.dir });
    await preset.stop();
    const { settings } = JSON.parse(out) as { settings: Row[] };
    const shown = new Map(settings.map(({ key, value, source }) => [key, `${String(value)} ${source}`]));
    assert.equal(shown.get('directory.address_attributes'), 'mail,proxyAddresses preset active-directory');
    assert.match(shown.get('directory.filter') ?? '', /^\(mail=\{login\}\) config\/gatekeeper\.yaml:\d+$/);
    assert.equal(shown.get('directory.disabled_values'), 'disabled,noaccess,deleted default');
  });

  void it('leaves the defaults out with --changed', async () => {
    assert.deepEqual(
      (await rows(['--changed'])).map(({ key }) => key),
      [
        ...['protected_domains', 'trusted_relays', 'directory.urls', 'directory.bind_dn'],
        ...['directory.bind_password_file', 'directory.base', 'sender.mode', 'directory.bind_password'],
      ],
    );
  });

  void it('shows of a secret only where it comes from', async () => {
    const env = { GATEKEEPER_LDAP_PASSWORD: 'pw-of-the-environment' };
    const secrets = [await rows(), await rows([], env)].map((all) => all.at(-1));
    assert.deepEqual(secrets, [
      { key: 'directory.bind_password', value: '(secret)', source: 'config/ldap.password' },
      { key: 'directory.bind_password', value: '(secret)', source: 'GATEKEEPER_LDAP_PASSWORD' },
    ]);
    const { out, err } = await gatekeeper(['config'], { haraka: site.dir, env });
    assert.doesNotMatch(out + err, /pw-/);
  });

  void it('shows people one setting a line, as one would write it', async () => {
    const { out } = await gatekeeper(['config', '--changed'], { haraka: site.dir });
    const { revision } = readSettings(join(site.dir, 'config')).settings;
    assert.deepEqual(out.trimEnd().split('\n'), [
      `haraka    ${site.dir}`,
      `revision  ${revision}`,
      '',
      'protected_domains             [corp.example]                                config/gatekeeper.yaml:1',
      'trusted_relays                [{name: backup, addresses: [192.0.2.25], spf: received}]  config/gatekeeper.d/relays.yaml:1',
      'directory.urls                [ldaps://ldap1.corp.example, ldaps://ldap2.corp.example]  config/gatekeeper.yaml:3',
      'directory.bind_dn             cn=gatekeeper,ou=services,dc=corp,dc=example  config/gatekeeper.yaml:6',
      'directory.bind_password_file  ldap.password                                 config/gatekeeper.yaml:7',
      'directory.base                ou=people,dc=corp,dc=example                  config/gatekeeper.yaml:8',
      'sender.mode                   observe                                       config/gatekeeper.yaml:9',
      'directory.bind_password       (secret)                                      config/ldap.password',
    ]);
  });

  void it('says with 78 what is wrong, one line for each mistake, as the start does', async () => {
    const wrong = await startSite({ config: { 'gatekeeper.yaml': 'tsl: {}\nsender: { mode: strict }\n' } });
    const result = await gatekeeper(['config'], { haraka: wrong.dir });
    const json = await gatekeeper(['config', '--json'], { haraka: wrong.dir });
    await wrong.stop();
    assert.deepEqual([result.code, result.out], [78, '']);
    const lines = result.err.trimEnd().split('\n');
    assert.ok(
      lines.every((line) => /^gatekeeper: .*\/config\/gatekeeper\.yaml:\d+:\d+: /.test(line)),
      result.err,
    );
    assert.ok(lines.length >= 2);
    assert.equal(json.code, 78);
    const { error } = JSON.parse(json.out) as { error: string };
    assert.deepEqual(
      error.split('\n').map((line) => `gatekeeper: ${line}`),
      lines,
    );
  });

  void it('needs no directory on a host that only takes mail', async () => {
    const mx = await startSite({ config: { 'gatekeeper.yaml': 'roles: [mx]\n' } });
    const config = await gatekeeper(['config', '--changed'], { haraka: mx.dir });
    const login = await gatekeeper(['login', 'alice'], { haraka: mx.dir });
    await mx.stop();
    assert.equal(config.code, 0);
    assert.match(config.out, /\nroles {2}\[mx\] {2}config\/gatekeeper\.yaml:1\n$/);
    assert.deepEqual([login.code, login.err], [78, 'gatekeeper: the settings have no directory\n']);
  });
});

void describe('gatekeeper config and the gateway that runs', () => {
  const running = async (dir: string): Promise<unknown> => {
    const { out } = await gatekeeper(['config'], { haraka: dir });
    return /^running {3}(.*)$/m.exec(out)?.[1];
  };

  void it('tells whether it runs under these settings', async () => {
    const test = await startTestGateway();
    try {
      assert.equal(await running(test.dir), 'under these settings');
      const file = join(test.dir, 'config/gatekeeper.yaml');
      const { revision } = readSettings(join(test.dir, 'config')).settings;
      writeFileSync(file, readFileSync(file, 'utf8').replace('ldap.password', 'no-such-file'));
      await eventually('the refusal', () => test.log().includes('stay in force'), 15_000);
      assert.equal(
        await running(test.dir),
        `under other settings, revision ${revision}; it refused newer ones, as its log says`,
      );
    } finally {
      await test.stop();
    }
  });

  void it('tells that nothing answers, or something else', async () => {
    const [free] = await freePorts(1);
    const other = createServer((_request, response) => response.end('{"revision":1}')).listen(0, '127.0.0.1');
    await new Promise((settle) => other.once('listening', settle));
    const { port } = other.address() as AddressInfo;
    const says = [];
    for (const http of [free, port]) {
      const site = await startSite({ ports: { mx: 1, submission: 2, implicit: 3, http } });
      says.push(await running(site.dir));
      await site.stop();
    }
    other.close();
    assert.deepEqual(says, [
      `no answer from 127.0.0.1:${free}: connect ECONNREFUSED 127.0.0.1:${free}`,
      `no gateway on 127.0.0.1:${port}`,
    ]);
  });
});

function put(into: Record<string, unknown>, [key = '', ...below]: readonly string[], value: unknown): void {
  if (below.length === 0) into[key] = value;
  else put((into[key] ??= {}) as Record<string, unknown>, below, value);
}
