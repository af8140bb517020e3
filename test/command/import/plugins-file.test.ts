import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { editPlugins, listed } from '../../../plugins/command/import/plugins-file.ts';

const shipped = readFileSync(
  join(import.meta.dirname, '../../../node_modules/haraka/config/plugins'),
  'utf8',
);

const ours = 'gatekeeper/audit\ngatekeeper/tls\ngatekeeper/auth\ngatekeeper/sender\ngatekeeper/outbound';
const oursWithTls = ours.replace('tls\n', 'tls\ntls\n');

const edits = [
  { it: 'before tls', before: 'a\ntls\nauth-ldap\nb\n', after: `a\n${ours}\ntls\nb\n` },
  { it: 'in the place of the old line', before: 'a\nldap\ntls\nb\n', after: `a\n${ours}\ntls\nb\n` },
  { it: 'with tls where it is missing', before: 'a\nauth/flat_file\n', after: `a\n${oursWithTls}\n` },
  { it: 'at the end where nothing is taken out', before: 'a\n', after: `a\n${oursWithTls}\n` },
  {
    it: 'only those that are missing',
    before: 'tls\ngatekeeper/auth\nldap\n',
    after: `${ours.replace('gatekeeper/auth\n', '')}\ntls\ngatekeeper/auth\n`,
  },
  {
    it: 'among comments, which stay',
    before: '# tls\n;ldap\n\n  ldap \n',
    after: `# tls\n;ldap\n\n${oursWithTls}\n`,
  },
  { it: 'in place of each old line', before: 'tls\nldap\nauth-ldap\nspf\nldap\n', after: `${ours}\ntls\n` },
  {
    it: 'at the line ends of Windows',
    before: 'tls\r\nldap\r\n',
    after: `${ours}\ntls\n`.replaceAll('\n', '\r\n'),
  },
  { it: 'after a last line without an end', before: 'b\na', after: `b\na\n${oursWithTls}\n` },
];

describe('config/plugins', () => {
  for (const { it: what, before, after } of edits) {
    it(`gets our lines ${what}`, () => {
      assert.equal(editPlugins(before, ['auth-ldap', 'ldap', 'auth/flat_file', 'spf']).after, after);
    });
  }

  it('is left alone when all is done', () => {
    const done = `${ours}\ntls\n`;
    assert.deepEqual(editPlugins(done, ['spf']), { after: done, diff: '', addsTls: false });
  });

  it('gets no lines for logins on a host of the role mx', () => {
    const { after, addsTls } = editPlugins('a\nspf\nb\n', ['spf'], ['mx']);
    assert.equal(after, 'a\ngatekeeper/audit\ngatekeeper/sender\ngatekeeper/outbound\nb\n');
    assert.equal(addsTls, false);
  });

  it('loses only what was found', () => assert.match(editPlugins('ldap\n', ['auth-ldap']).after, /^ldap$/m));

  it('is read as Haraka does: only a whole line is a comment', () => {
    assert.deepEqual(listed('\n# a\n ;b\n c \nharaka-plugin-d\nauth/auth_ldap\ne # f\n'), [
      { name: 'c', line: 4 },
      { name: 'd', line: 5 },
      { name: 'auth-ldap', line: 6 },
      { name: 'e # f', line: 7 },
    ]);
  });

  it('changes by a diff that patch and git understand', () => {
    const before = shipped.replace('# auth/flat_file', 'auth/flat_file').replace('# spf', 'spf');
    const edit = editPlugins(before, ['auth/flat_file', 'spf']);
    const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-diff-'));
    writeFileSync(join(folder, 'plugins'), before);
    const { status, stderr } = spawnSync('git', ['apply', '-p2', '--unsafe-paths', `--directory=${folder}`], {
      cwd: folder,
      input: edit.diff.replaceAll('config/plugins', 'a/config/plugins'),
      encoding: 'utf8',
    });
    const patched = readFileSync(join(folder, 'plugins'), 'utf8');
    rmSync(folder, { recursive: true });
    assert.equal(status, 0, stderr);
    assert.equal(patched, edit.after);
  });
});
