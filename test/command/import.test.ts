import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { contentsOf, importIn, makeHaraka, type Files } from './haraka-directory.ts';

const password = 'pw-of-the-account';
const plugins = '# ours\ntls\nldap\nspf\n# the end\n';
const ldap: Files = {
  'config/plugins': plugins,
  'config/ldap.ini': `server[]=ldaps://ldap.corp.example\nbinddn=cn=haraka,dc=corp,dc=example\nbindpw=${password}\nbasedn=dc=corp,dc=example\n[authn]\n`,
  'config/smtp.ini': 'listen=127.0.0.1:25,127.0.0.1:2525\nuser=mail\n',
};
const mx: Files = {
  'config/plugins': '# ours\ntls\nspf\n# the end\n',
  'config/spf.ini': '[deny]\nmfrom_fail=true\n',
  'config/smtp.ini': 'user=mail\n',
};
const flatFile: Files = {
  'config/plugins': 'tls\nauth/flat_file\n',
  'config/auth_flat_file.ini': `[users]\nalice@corp.example=${password}\nbroken line=${password}\n`,
};
const base = 'ou=people,dc=corp,dc=example';
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('gatekeeper import', { concurrency: 2 }, () => {
  it('shows what it would do, and does nothing', async () => {
    const dir = makeHaraka(ldap);
    const { code, stdout, stderr } = await importIn(dir);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^config\/plugins lists ldap \(line 3\), spf \(line 4\)\.\n/);
    assert.match(stdout, /^config\/gatekeeper\.yaml, proposed:\n\n# Proposed by/m);
    assert.match(stdout, /^-ldap\n-spf$/m);
    assert.match(stdout, /^\+gatekeeper\/auth$/m);
    assert.match(stdout, /^- ports: 2525: taken for submission/m);
    assert.match(
      stdout,
      /^Next:\n\n? {2}gatekeeper import --write\n {2}"\$\{EDITOR:-vi\}" config\/gatekeeper\.yaml {2}# fill in: protected_domains\n {2}chown mail config\/ldap\.password\n {2}gatekeeper check\n/m,
    );
    assert.deepEqual(contentsOf(dir), ldap);
  });

  it('writes settings that load, the password for nobody else to read, and the plugins, keeping what was there', async () => {
    const dir = makeHaraka(ldap);
    chmodSync(join(dir, 'config/plugins'), 0o640);
    const { code, stdout, stderr } = await importIn(dir, ['--write']);
    assert.equal(code, 0, stderr);
    const config = (name: string) => join(dir, 'config', name);
    const settings = readFileSync(config('gatekeeper.yaml'), 'utf8');
    assert.equal(
      parseSettings(settings, 'gatekeeper.yaml').policy.directory?.bind_dn,
      'cn=haraka,dc=corp,dc=example',
    );
    assert.equal(readFileSync(config('ldap.password'), 'utf8'), password);
    assert.equal(modeOf(config('ldap.password')), 0o600);
    assert.equal(readFileSync(config('plugins.before-gatekeeper'), 'utf8'), plugins);
    assert.match(
      readFileSync(config('plugins'), 'utf8'),
      /^# ours\ngatekeeper\/audit\n(?:gatekeeper\/\w+\n)+tls\n# the end\n$/,
    );
    assert.equal(modeOf(config('plugins')), 0o640);
    assert.doesNotMatch(stdout + stderr + settings, new RegExp(password));
    assert.doesNotMatch(stdout, /import --write/);
  });

  it('finds nothing more to do a second time', async () => {
    const dir = makeHaraka(ldap);
    await importIn(dir, ['--write']);
    const { code, stderr } = await importIn(dir);
    assert.equal(code, 1);
    assert.match(stderr, /nothing to migrate: config\/plugins lists none of/);
  });

  it('writes settings for mx alone, and no line or command for logins, where only spf was listed', async () => {
    const dir = makeHaraka(mx);
    const { code, stdout, stderr } = await importIn(dir, ['--write']);
    assert.equal(code, 0, stderr);
    const after = contentsOf(dir);
    const { policy } = parseSettings(after['config/gatekeeper.yaml'] ?? '', 'gatekeeper.yaml');
    assert.deepEqual(policy.roles, ['mx']);
    assert.equal(policy.spf.fail, 'reject');
    assert.equal(
      after['config/plugins'],
      '# ours\ngatekeeper/audit\ngatekeeper/sender\ngatekeeper/outbound\ntls\n# the end\n',
    );
    assert.equal(after['config/ldap.password'], undefined);
    assert.match(stdout, /^- roles: config\/plugins lists no AUTH plugin/m);
    assert.doesNotMatch(stdout.split('\nNext:\n')[1] ?? '', /ldap\.password/);
  });

  it('keeps octets of config/plugins that are no UTF-8', async () => {
    const dir = makeHaraka(ldap);
    writeFileSync(join(dir, 'config/plugins'), Buffer.from('# Gr\xfc\xdfe\nldap\n', 'latin1'));
    assert.equal((await importIn(dir, ['--write'])).code, 0);
    assert.match(readFileSync(join(dir, 'config/plugins'), 'latin1'), /^# Gr\xfc\xdfe\n/);
  });

  it('gives scripts the same as JSON', async () => {
    const dir = makeHaraka(ldap);
    const { stdout } = await importIn(makeHaraka({}), ['--json', '--haraka', dir]);
    const report = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(Object.keys(report), ['found', 'settings', 'plugins', 'notes', 'commands', 'written']);
    assert.deepEqual(report['found'], [
      { name: 'ldap', line: 3 },
      { name: 'spf', line: 4 },
    ]);
    assert.deepEqual((report['commands'] as string[])[0], `cd ${dir}`);
    assert.doesNotMatch(stdout, new RegExp(password));
  });

  it('writes users as LDIF for nobody else to read, and shows no line that cannot be read', async () => {
    const dir = makeHaraka(flatFile);
    const { code, stdout, stderr } = await importIn(dir, ['--ldif', 'users.ldif', '--base', base]);
    assert.equal(code, 0, stderr);
    const users = join(dir, 'users.ldif');
    assert.match(readFileSync(users, 'utf8'), /^dn: uid=alice@corp\.example,ou=people,dc=corp,dc=example$/m);
    assert.equal(modeOf(users), 0o600);
    assert.match(stdout, /config\/auth_flat_file\.ini: Haraka does not read line 3/);
    assert.doesNotMatch(stdout + stderr + readFileSync(users, 'utf8'), new RegExp(password));
  });

  it('takes several: one directory, all notes, every old line out', async () => {
    const { code, stdout } = await importIn(
      makeHaraka({
        ...ldap,
        'config/plugins': 'auth/flat_file\nldap\nauth-ldap\nauth/auth_proxy\nldap\n',
        'config/auth_ldap.ini': '[dns]\na=uid=%u,dc=other\n',
        'config/auth_flat_file.ini': '[users]\na=x\n',
      }),
      ['--json'],
    );
    assert.equal(code, 0);
    const { settings, plugins, notes } = JSON.parse(stdout) as {
      settings: string;
      plugins: { after: string };
      notes: { about: string; text: string }[];
    };
    assert.match(settings, /^ {2}base: dc=corp,dc=example$/m);
    assert.doesNotMatch(plugins.after, /flat_file|^ldap|^auth-ldap/m);
    const says = (about: string, text: RegExp) =>
      notes.some((note) => note.about === about && text.test(note.text));
    assert.ok(says('auth/flat_file', /the users of the file must get into it/));
    assert.ok(says('auth-ldap', /one directory: that of ldap, listed first/));
    assert.ok(says('auth/auth_proxy', /does not start beside it/));
  });

  it('leaves a plugin of the same name alone that is a file of the operator', async () => {
    const { code, stderr } = await importIn(
      makeHaraka({ ...ldap, 'config/plugins': 'ldap\n', 'plugins/ldap.js': '' }),
    );
    assert.equal(code, 1);
    assert.match(stderr, /lists none of auth-ldap, ldap, auth\/flat_file, spf/);
  });

  it('prints a directory with a space so that a shell takes it', async () => {
    const dir = makeHaraka(ldap, "the operator's mail");
    const { stdout } = await importIn(makeHaraka({}), ['--json', '--haraka', dir]);
    const [command = ''] = (JSON.parse(stdout) as { commands: string[] }).commands;
    assert.match(command, /^cd '.*the operator'\\''s mail'$/);
  });
});

describe('gatekeeper import says no', { concurrency: 2 }, () => {
  const there = ['gatekeeper.yaml', 'ldap.password', 'plugins.before-gatekeeper'];
  for (const name of there) {
    it(`with 73 where ${name} is there already, and writes nothing`, async () => {
      const files = { ...ldap, [`config/${name}`]: 'mine' };
      const dir = makeHaraka(files);
      const { code, stderr } = await importIn(dir, ['--write']);
      assert.equal(code, 73);
      assert.match(
        stderr,
        new RegExp(`never overwritten, and there already: .*${name}; nothing was written`),
      );
      assert.deepEqual(contentsOf(dir), files);
    });
  }

  it('with 73 where a file cannot be made, and leaves none behind', async () => {
    const dir = makeHaraka(flatFile);
    const { code, stderr } = await importIn(dir, ['--write', '--ldif', 'nowhere/users.ldif', '--base', base]);
    assert.equal(code, 73);
    assert.match(stderr, /ENOENT.*; nothing was written/);
    assert.deepEqual(contentsOf(dir), flatFile);
  });

  it('with 73 where the LDIF is there already', async () => {
    const files = { ...flatFile, 'users.ldif': 'mine' };
    const dir = makeHaraka(files);
    assert.equal((await importIn(dir, ['--write', '--ldif', 'users.ldif', '--base', base])).code, 73);
    assert.deepEqual(contentsOf(dir), files);
  });

  const usage = [
    { it: '--ldif without --base', files: flatFile, args: ['--ldif', 'x'], text: /--ldif needs --base/ },
    {
      it: 'a base that is none',
      files: flatFile,
      args: ['--base', 'people'],
      text: /--base people: expected a DN/,
    },
    {
      it: '--ldif without users',
      files: ldap,
      args: ['--ldif', 'x', '--base', base],
      text: /auth\/flat_file is not in use/,
    },
  ];
  for (const { it: what, files, args, text } of usage) {
    it(`with 64 to ${what}`, async () => {
      const dir = makeHaraka(files);
      const { code, stderr } = await importIn(dir, args);
      assert.equal(code, 64);
      assert.match(stderr, text);
      assert.deepEqual(contentsOf(dir), files);
    });
  }

  it('with 1 where nothing is in use, whatever ini files there are', async () => {
    const { code, stderr } = await importIn(makeHaraka({ ...ldap, 'config/plugins': '# ldap\ntls\n' }));
    assert.equal(code, 1);
    assert.match(stderr, /nothing to migrate: config\/plugins lists none of/);
  });

  it('with 78 where there is no Haraka directory', async () => {
    const { code, stderr } = await importIn(makeHaraka({}), ['--haraka', '.']);
    assert.equal(code, 78);
    assert.match(
      stderr,
      /is no directory of a Haraka: config\/plugins cannot be read \(ENOENT\); --haraka DIR/,
    );
  });

  it('with 64 where there is no Haraka to read as', async () => {
    const { code, stderr } = await importIn(makeHaraka(ldap), [], '/nowhere');
    assert.equal(code, 64);
    assert.match(stderr, /no Haraka found in .* or in PATH; --haraka-package PATH names one/);
  });

  it('with 64 where the one that is named is none', async () => {
    assert.equal((await importIn(makeHaraka(ldap), ['--haraka-package', '.'])).code, 64);
  });

  it('with 69 where the one that is found cannot read', async () => {
    const dir = makeHaraka({ ...ldap, 'node_modules/haraka/package.json': '{"name":"haraka"}' });
    const { code, stderr } = await importIn(dir);
    assert.equal(code, 69);
    assert.match(stderr, /the haraka-config of .* cannot be used: Error: Cannot find module/);
  });
});
