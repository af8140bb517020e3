import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  Unavailable,
  type Account,
  type RememberingDirectory,
  type Verification,
} from '../../../plugins/core/directory/directory.ts';
import { remember, type MemoryOptions } from '../../../plugins/core/directory/remembered.ts';
import { parseMailbox } from '../../../plugins/core/mailbox.ts';
import { Secret } from '../../../plugins/core/secret.ts';

const alice: Account = account('alice@corp.example');
const wrong: Verification = { kind: 'refused', cause: 'wrong-password' };

function account(address: string): Account {
  const mailbox = parseMailbox(address);
  assert.ok(mailbox);
  return { id: `mail=${address},dc=corp`, name: address, addresses: [mailbox] };
}

/** A directory that knows one password, and a memory of it, at a time that the test says. */
function scene(options: Partial<MemoryOptions> = {}) {
  const asked: string[] = [];
  const stale: string[] = [];
  const forgotten: (string | undefined)[] = [];
  const state = { now: 0, password: 'right', down: false };
  const directory: RememberingDirectory = {
    verify: (login, password) => {
      const text = password.reveal((bytes) => bytes.toString());
      asked.push(`${login}:${text}`);
      if (state.down) return Promise.reject(new Unavailable('nobody is there'));
      return Promise.resolve(text === state.password ? { kind: 'account', account: alice } : wrong);
    },
    find: () => Promise.resolve(wrong),
    byCertificate: ({ spki }) => {
      asked.push(spki);
      if (state.down) return Promise.reject(new Unavailable('nobody is there'));
      return Promise.resolve(spki === state.password ? { kind: 'account', account: alice } : wrong);
    },
    verifier: () => Promise.reject(new Unavailable('no test needs it')),
    probe: () => Promise.resolve(),
    close: () => asked.push('closed'),
    forget: (account) => forgotten.push(account),
  };
  const memory = remember(directory, {
    ...{ acceptedMs: 60_000, refusedMs: 5000, staleMs: 0, entries: 100 },
    now: () => state.now,
    onStale: ({ name }, { message }) => stale.push(`${name}: ${message}`),
    ...options,
  });
  const login = async (name: string, password: string): Promise<string> => {
    const verification = await memory.verify(name, Secret.fromText(password));
    return verification.kind === 'account' ? verification.account.name : verification.cause;
  };
  return { memory, state, asked, stale, forgotten, login };
}

void describe('what is remembered of logins:', () => {
  void it('an accepted one is accepted again, unasked, for its time', async () => {
    const { login, asked, state } = scene();
    assert.equal(await login('alice', 'right'), alice.name);
    state.now = 59_999;
    assert.equal(await login('alice', 'right'), alice.name);
    assert.deepEqual(asked, ['alice:right']);
    state.now = 60_000;
    assert.equal(await login('alice', 'right'), alice.name);
    assert.equal(asked.length, 2);
  });

  void it('a changed password is refused when that time is over, and the new one is asked for at once', async () => {
    const { login, state } = scene();
    await login('alice', 'right');
    state.password = 'new';
    assert.equal(await login('alice', 'right'), alice.name);
    assert.equal(await login('alice', 'new'), alice.name);
    state.now = 60_000;
    assert.equal(await login('alice', 'right'), 'wrong-password');
  });

  void it('a refused one is refused again, unasked, for a shorter time', async () => {
    const { login, asked, state } = scene();
    assert.equal(await login('alice', 'wrong'), 'wrong-password');
    state.password = 'wrong';
    state.now = 4999;
    assert.equal(await login('alice', 'wrong'), 'wrong-password');
    assert.equal(asked.length, 1);
    state.now = 5000;
    assert.equal(await login('alice', 'wrong'), alice.name);
  });

  const neighbours = [
    ['another password', 'alice', 'Right'],
    ['another login', 'Alice', 'right'],
    ['the same octets, divided otherwise', 'alicer', 'ight'],
    ['the same octets with the length', '5 alice', 'right'],
  ] as const;
  for (const [it_, name, password] of neighbours) {
    void it(`${it_} is asked for`, async () => {
      const { login, asked } = scene();
      await login('alice', 'right');
      await login(name, password);
      assert.deepEqual(asked, ['alice:right', `${name}:${password}`]);
    });
  }

  void it('with no time, each is asked for', async () => {
    const { login, asked } = scene({ acceptedMs: 0, refusedMs: 0 });
    for (const password of ['right', 'right', 'wrong', 'wrong']) await login('alice', password);
    assert.equal(asked.length, 4);
  });

  void it('trouble is not remembered', async () => {
    const { login, state } = scene();
    state.down = true;
    await assert.rejects(login('alice', 'right'), Unavailable);
    state.down = false;
    assert.equal(await login('alice', 'right'), alice.name);
  });

  void it('no more are kept than there is room for, and guesses take none of it', async () => {
    const { login, asked } = scene({ entries: 2 });
    for (const name of ['a', 'b']) await login(name, 'right');
    for (let guess = 0; guess < 2000; guess += 1) await login('a', `wrong ${guess}`);
    asked.length = 0;
    for (const name of ['a', 'b', 'c', 'a']) await login(name, 'right');
    assert.deepEqual(asked, ['c:right', 'a:right']);
  });

  void it('does not hold what is wiped, nor any password', async () => {
    const { memory, asked } = scene();
    const password = Secret.fromText('right');
    await memory.verify('alice', password);
    password.wipe();
    await memory.verify('alice', Secret.fromText('right'));
    assert.equal(asked.length, 1);
  });
});

void describe('what is to be forgotten:', () => {
  for (const [what, subject] of [
    ['a login', 'alice'],
    ['a name', 'alice@corp.example'],
    ['a name in another case', 'ALICE@corp.example'],
    ['an id', 'mail=alice@corp.example,dc=corp'],
    ['everything', undefined],
  ] as const) {
    void it(what, async () => {
      const { memory, login, state } = scene();
      await login('alice', 'right');
      state.password = 'new';
      memory.forget(subject);
      assert.equal(await login('alice', 'right'), 'wrong-password');
    });
  }

  void it('what the directory itself remembers', () => {
    const { memory, forgotten } = scene();
    memory.forget('alice');
    memory.forget();
    assert.deepEqual(forgotten, ['alice', undefined]);
  });

  void it('others stay', async () => {
    const { memory, login, asked } = scene();
    await login('alice', 'right');
    memory.forget('bob');
    await login('alice', 'right');
    assert.equal(asked.length, 1);
  });

  void it('a refused login, so that the new password counts at once', async () => {
    const { memory, login, state } = scene();
    await login('alice', 'new');
    state.password = 'new';
    memory.forget('alice');
    assert.equal(await login('alice', 'new'), alice.name);
  });

  void it('an answer that was on its way', async () => {
    const { memory, login, state } = scene();
    const answer = login('alice', 'right');
    memory.forget('alice');
    await answer;
    state.password = 'new';
    assert.equal(await login('alice', 'right'), 'wrong-password');
  });

  void it('all, when it is closed', async () => {
    const { memory, login, asked } = scene();
    await login('alice', 'right');
    memory.close();
    await login('alice', 'right');
    assert.deepEqual(asked, ['alice:right', 'closed', 'alice:right']);
  });
});

void describe('while no server answers', () => {
  void it('nothing counts that is too old, as shipped', async () => {
    const { login, state } = scene();
    await login('alice', 'right');
    Object.assign(state, { down: true, now: 60_000 });
    await assert.rejects(login('alice', 'right'), Unavailable);
  });

  void it('an accepted login counts for longer, where that is set, and is told of', async () => {
    const { login, state, stale } = scene({ staleMs: 3_600_000 });
    await login('alice', 'right');
    Object.assign(state, { down: true, now: 3_599_999 });
    assert.equal(await login('alice', 'right'), alice.name);
    assert.deepEqual(stale, ['alice@corp.example: nobody is there']);
    state.now = 3_600_000;
    await assert.rejects(login('alice', 'right'), Unavailable);
  });

  void it('a wrong password is no login, however it is set', async () => {
    const { login, state } = scene({ staleMs: 3_600_000 });
    await login('alice', 'right');
    await login('alice', 'wrong');
    Object.assign(state, { down: true, now: 60_000 });
    await assert.rejects(login('alice', 'wrong'), Unavailable);
    await assert.rejects(login('alice', 'other'), Unavailable);
  });

  void it('what the directory has refused since does not count', async () => {
    const { login, state } = scene({ staleMs: 3_600_000 });
    await login('alice', 'right');
    Object.assign(state, { password: 'new', now: 60_000 });
    assert.equal(await login('alice', 'right'), 'wrong-password');
    Object.assign(state, { down: true, now: 70_000 });
    await assert.rejects(login('alice', 'right'), Unavailable);
  });

  void it('what was forgotten meanwhile does not count', async () => {
    const { memory, login, state } = scene({ staleMs: 3_600_000 });
    await login('alice', 'right');
    Object.assign(state, { down: true, now: 60_000 });
    const answer = login('alice', 'right');
    memory.forget('alice');
    await assert.rejects(answer, Unavailable);
  });

  void describe('by certificates:', () => {
    const certificate = (spki: string) => ({ spki, emails: [], hosts: [] });
    const byCertificate = async (memory: RememberingDirectory, spki: string): Promise<string> => {
      const found = await memory.byCertificate(certificate(spki));
      return found.kind === 'account' ? found.account.name : found.cause;
    };

    void it('is for its time, and until the account is forgotten', async () => {
      const { memory, asked, state } = scene();
      assert.equal(await byCertificate(memory, 'right'), alice.name);
      state.password = 'another';
      assert.equal(await byCertificate(memory, 'right'), alice.name);
      memory.forget('bob@corp.example');
      assert.equal(await byCertificate(memory, 'right'), alice.name);
      memory.forget(alice.name);
      assert.equal(await byCertificate(memory, 'right'), wrong.cause);
      assert.deepEqual(asked, ['right', 'right']);
    });

    void it('a refused one is that of whoever is forgotten: nobody knows whose it is', async () => {
      const { memory, state } = scene();
      assert.equal(await byCertificate(memory, 'new'), wrong.cause);
      state.password = 'new';
      assert.equal(await byCertificate(memory, 'new'), wrong.cause);
      memory.forget('bob@corp.example');
      assert.equal(await byCertificate(memory, 'new'), alice.name);
    });

    void it('what a certificate may show now is another question than what it might', async () => {
      const { memory, asked } = scene();
      await memory.byCertificate(certificate('right'));
      await memory.byCertificate({ ...certificate('right'), emails: ['alice@corp.example'] });
      assert.equal(asked.length, 2);
    });
  });
});
