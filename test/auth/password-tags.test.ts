import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { PasswordTags, passwordTag } from '../../plugins/auth/password-tags.ts';
import { refusals, type Verification } from '../../plugins/core/directory/directory.ts';
import type { Plugin } from '../../plugins/core/haraka/types.ts';
import { Secret } from '../../plugins/core/secret.ts';
import type { Policy } from '../../plugins/core/settings/settings.ts';

const key = Buffer.alloc(32, 1);
const tagOf = (password: string, by = key) => passwordTag(by, Secret.fromText(password));

void describe('what stands for a wrong password', () => {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-tags-'));
  after(() => {
    rmSync(base, { recursive: true });
  });

  void it('is the same for the same octets under one key, and says twelve bits', () => {
    assert.equal(tagOf('summer2026'), tagOf('summer2026'));
    assert.notEqual(tagOf('summer2026'), tagOf('summer2026', Buffer.alloc(32, 2)));
    const tags = new Set(Array.from({ length: 60_000 }, (_unused, number) => tagOf(`guess ${number}`)));
    assert.equal(tags.size, 4096);
    for (const tag of tags) assert.match(tag, /^[0-9a-f]{3}$/);
  });

  void it('is there where the password is known to be wrong, and nowhere else', () => {
    const { plugin } = loggingPlugin();
    const tags = new PasswordTags(plugin);
    const policy = { data_directory: join(base, 'data') } as Policy;
    const of = (verification: Verification, password: Secret | undefined = Secret.fromText('x')) =>
      tags.of(verification, password, policy);
    const tagged = refusals.filter((cause) => of({ kind: 'refused', cause }) !== undefined);
    assert.deepEqual(tagged, ['no-such-account', 'wrong-password']);
    const account = { id: 'uid=a', name: 'a@corp.example', addresses: [] };
    assert.equal(of({ kind: 'account', account }), undefined);
    assert.equal(tags.of({ kind: 'refused', cause: 'wrong-password' }, undefined, policy), undefined);
  });

  void it('is missing where there is no key, which the log says once', () => {
    const { plugin, log } = loggingPlugin();
    const tags = new PasswordTags(plugin);
    writeFileSync(join(base, 'events.key'), 'short\n');
    const policy = { data_directory: base } as Policy;
    for (const password of ['one', 'two']) {
      const verification = { kind: 'refused', cause: 'wrong-password' } as const;
      assert.equal(tags.of(verification, Secret.fromText(password), policy), undefined);
    }
    assert.equal(log.length, 1);
    assert.match(log[0] ?? '', /^events do not tell wrong passwords apart: .*events\.key holds no key$/);
  });
});

function loggingPlugin() {
  const log: string[] = [];
  const plugin = { logcrit: (line: string) => log.push(line) } as unknown as Plugin;
  return { plugin, log };
}
