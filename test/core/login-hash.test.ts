import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loginHash, loginHashForm, loginKey, readLoginKey } from '../../plugins/core/login-hash.ts';

void describe('the key of the hashes', () => {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-key-'));
  after(() => {
    rmSync(base, { recursive: true });
  });

  void it('is made once, for its owner alone, and nothing else is left behind', () => {
    const directory = join(base, 'made');
    assert.equal(readLoginKey(directory), undefined);
    const key = loginKey(directory);
    assert.deepEqual([loginKey(directory), readLoginKey(directory)], [key, key]);
    assert.equal(key.length, 32);
    assert.equal(statSync(join(directory, 'received.key')).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(directory), ['received.key']);
  });

  void it('is not replaced when it cannot be read', () => {
    writeFileSync(join(base, 'received.key'), 'short\n');
    assert.throws(() => loginKey(base), /received\.key holds no key/);
    assert.throws(() => readLoginKey(base), /received\.key holds no key/);
  });

  void it('makes another hash for each account, and for each key', () => {
    const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const hashes = [loginHash(key, 'uid=a'), loginHash(key, 'uid=b'), loginHash(other, 'uid=a')];
    assert.equal(new Set(hashes).size, 3);
    for (const hash of hashes) assert.match(hash, loginHashForm);
  });
});
