import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attentive } from '../../../plugins/auth/guessing/attentive.ts';
import { remember } from '../../../plugins/core/directory/remembered.ts';
import type { RememberingDirectory, Verification } from '../../../plugins/core/directory/directory.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { MemoryStore } from '../../../plugins/core/store/memory.ts';
import { StoreUnavailable } from '../../../plugins/core/store/store.ts';

const alice = 'alice@corp.example';
const account: Verification = { kind: 'account', account: { id: 'uid=alice', name: alice, addresses: [] } };

void describe('a directory that hears who is forgotten', () => {
  void it('hears it too when the store could not be asked at first', async () => {
    let [now, asked, isBroken] = [0, 0, true];
    const store = new MemoryStore();
    const directory = {
      verify: () => Promise.resolve((asked += 1) && account),
      forget: () => undefined,
    } as unknown as RememberingDirectory;
    const memory = remember(directory, {
      ...{ acceptedMs: 60_000, refusedMs: 5000, staleMs: 0, entries: 10 },
      ...{ now: () => now, onStale: () => undefined },
    });
    const look = (sequence?: number) =>
      isBroken ? Promise.reject(new StoreUnavailable('locked')) : store.forgottenSince(sequence);
    const listening = attentive(memory, look, () => now);
    const login = () => listening.verify(alice, Secret.fromText('right'));

    await login();
    await login();
    assert.equal(asked, 1, 'it is remembered');
    await store.forget({ kind: 'account', account: alice }, { account: alice });
    isBroken = false;
    now += 5000;
    await login();
    assert.equal(asked, 2);
    await login();
    assert.equal(asked, 2, 'and remembered again');
  });
});
