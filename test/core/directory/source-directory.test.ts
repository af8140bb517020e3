import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  defineIdentitySource,
  offeredSource,
  offerIdentitySource,
  unusedSources,
  type IdentitySource,
} from '../../../plugins/core/directory/identity-source.ts';
import { Secret } from '../../../plugins/core/secret.ts';
import { assertUnavailable } from './fixtures.ts';
import { answers, directoryOf, foreign, inWords, sourceThat, verify } from './source-fixtures.ts';

void describe('an identity source that fails', () => {
  const thrown: readonly [what: string, thrown: unknown, says: RegExp][] = [
    ['an error', new Error('SQLITE_BUSY: database is locked'), /^SQLITE_BUSY: database is locked$/],
    ['an error of two lines', new Error('one\ntwo'), /^one$/],
    [
      'an error with a cause',
      new Error('fetch failed', { cause: new Error('ECONNREFUSED') }),
      /^fetch failed: ECONN/,
    ],
    [
      'an error whose cause has a code',
      new Error('x', { cause: { message: '', code: 'EPIPE' } }),
      /^x: EPIPE$/,
    ],
    ['an error of another realm', foreign('new Error("elsewhere")'), /^elsewhere$/],
    ['a text', 'down', /^down$/],
    ['nothing', undefined, /^it does not say what failed$/],
    ['a symbol', Symbol('x'), /^it does not say/],
    [
      'what cannot be read',
      {
        get message() {
          throw new Error('no');
        },
      },
      /^it does not say/,
    ],
    ['what moves the cursor', new Error('\u001b[2J\u202e'), /^\\u001b\[2J\\u202e$/],
    ['a long story', new Error('x'.repeat(9000)), /kept back/],
  ];
  for (const [what, error, says] of thrown) {
    void it(`by ${what} is unavailable`, async () => {
      const fails = (): never => {
        throw error;
      };
      for (const does of [fails, () => Promise.resolve().then(fails)]) {
        const directory = directoryOf(sourceThat(does, { probe: does }));
        await assertUnavailable(verify(directory), says);
        await assertUnavailable(directory.find('alice'), says);
        await assertUnavailable(directory.probe(), says);
      }
    });
  }

  const password = 'correct horse/?';
  const told: readonly [how: string, text: (password: string) => string][] = [
    ['as it is', (text) => `near "${text}": syntax error`],
    ['cut off', (text) => `near "${text.slice(2, 9)}…`],
    ['in base64', (text) => `Authorization: Basic ${Buffer.from(`alice:${text}`).toString('base64')}`],
    ['in base64url', (text) => `?t=${Buffer.from(text).toString('base64url')}`],
    ['in hexadecimal digits', (text) => `X'${Buffer.from(text).toString('hex')}'`],
    ['in a URL', (text) => `GET /login?p=${encodeURIComponent(text)}`],
  ];
  for (const [how, text] of told) {
    void it(`does not tell the password ${how}, whatever it says`, async () => {
      const throws = sourceThat(() => Promise.reject(new Error(text(password))));
      const error = { name: 'Unavailable', message: 'what it says is kept back: it may hold the password' };
      await assert.rejects(verify(directoryOf(throws), 'alice', password), error);
      const details = sourceThat(() => ({ refused: 'wrong-password', detail: text(password) }));
      const found = await verify(directoryOf(details), 'alice', password);
      assert.deepEqual(found, { kind: 'refused', cause: 'wrong-password', detail: error.message });
    });
  }

  void it('keeps what it says where the password has no part in it', async () => {
    const throws = sourceThat(() => Promise.reject(new Error('near "FROM": syntax error')));
    await assertUnavailable(verify(directoryOf(throws), 'alice', password), /^near "FROM": syntax error$/);
  });

  const never = () => new Promise(() => undefined);
  void it('by never answering is unavailable in time, and so is who waits behind it', async () => {
    const source = sourceThat(never, { probe: never });
    const directory = directoryOf(source, { login_timeout_seconds: 0.1, questions: 1 });
    const late = /^a login was not decided within 0\.1 s$/;
    await Promise.all([
      assertUnavailable(verify(directory), late),
      assertUnavailable(directory.find('bob'), late),
    ]);
    await assertUnavailable(directory.probe(), late);
  });

  void it('answers again as soon as it does, whatever never ended', async () => {
    let hangs = true;
    const directory = directoryOf(
      sourceThat(() => (hangs ? never() : answers)),
      { login_timeout_seconds: 0.2, questions: 1 },
    );
    await assertUnavailable(verify(directory), /not decided/);
    hangs = false;
    assert.equal((await verify(directory)).kind, 'account');
  });

  void it('lets nobody in by an answer that comes too late, and no other login has it', async () => {
    const slow = sourceThat(() => null, {
      verify: async (login: string) => {
        if (login === 'alice') await delay(300);
        return login === 'alice' ? answers : { refused: 'no-such-account' };
      },
    });
    const directory = directoryOf(slow, { login_timeout_seconds: 0.1, questions: 1 });
    await assertUnavailable(verify(directory), /not decided/);
    const found = await Promise.all(['x', 'y', 'z'].map((login) => verify(directory, login)));
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ['refused', 'refused', 'refused'],
    );
    await delay(400);
  });
});

void describe('a question to an identity source', () => {
  const unasked: readonly [what: string, login: string, password: string, is: string][] = [
    ['no password', 'alice', '', 'empty-password'],
    ['no login', '', 'x', 'malformed-login'],
    ['a NUL in the login', 'ali\0ce', 'x', 'malformed-login'],
    ['a NUL in the password', 'alice', 'x\0', 'malformed-login'],
    ['a line end', 'alice\n', 'x', 'malformed-login'],
    ['a long login', 'x'.repeat(257), 'x', 'malformed-login'],
  ];
  for (const [what, login, password, is] of unasked) {
    void it(`is not put with ${what}`, async () => {
      const directory = directoryOf(sourceThat(() => answers));
      assert.deepEqual(await verify(directory, login, password), { kind: 'refused', cause: is });
      if (is === 'malformed-login' && !password.includes('\0')) {
        assert.deepEqual(await directory.find(login), { kind: 'refused', cause: is });
      }
    });
  }

  void it('lends the password for its time, and nothing that is done to it reaches ours', async () => {
    const lent: Secret[] = [];
    const seen: string[] = [];
    const source = sourceThat(() => answers, {
      verify: (_login: string, password: Secret) => {
        lent.push(password);
        seen.push(password.reveal(String), String(password), JSON.stringify({ password }));
        password.wipe();
        return answers;
      },
    });
    const password = Secret.fromText('pw-alice');
    await directoryOf(source).verify('alice', password);
    assert.deepEqual(seen, ['pw-alice', '[secret]', '{"password":"[secret]"}']);
    assert.equal(password.reveal(String), 'pw-alice');
    assert.deepEqual(
      lent.map((each) => each.reveal((bytes) => bytes.every((octet) => octet === 0))),
      [true],
    );
  });

  void it('has the password prepared where the settings say so', async () => {
    const seen: string[] = [];
    const source = sourceThat(() => answers, {
      verify: (_login: string, password: Secret) => {
        seen.push(password.reveal(String));
        return answers;
      },
    });
    const directory = directoryOf(source, { password_preparation: 'saslprep' });
    await verify(directory, 'alice', 'pass\u00a0word\u00ad');
    assert.deepEqual(seen, ['pass word']);
    const cannot = { kind: 'refused', cause: 'malformed-password' };
    assert.deepEqual(await verify(directory, 'alice', 'x\u200ey\u0007'), cannot);
  });

  void it('is one of so many at once, and no more than so many wait', async () => {
    let [open, most] = [0, 0];
    const source = sourceThat(async () => {
      most = Math.max(most, (open += 1));
      await delay(20);
      open -= 1;
      return answers;
    });
    const directory = directoryOf(source, { questions: 3, queue: 5 });
    const settled = await Promise.allSettled(Array.from({ length: 10 }, () => verify(directory)));
    assert.equal(most, 3);
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 8);
  });

  void it('is not put to one that is closed, has no SCRAM, and no certificates', async () => {
    const directory = directoryOf(sourceThat(() => answers));
    assert.deepEqual(await directory.byCertificate(), { kind: 'refused', cause: 'no-such-account' });
    await assertUnavailable(directory.verifier(), /no verifiers/);
    directory.close();
    await assertUnavailable(verify(directory), /closed/);
    await assertUnavailable(directory.find('alice'), /closed/);
  });
});

void describe('an identity source is declared', () => {
  const complete = { verify: () => answers, find: () => answers };
  const bad: readonly [what: string, source: object, says: RegExp][] = [
    ['without a name', complete, /name: expected a name/],
    ['with a colon in its name', { ...complete, name: 'a:b' }, /name: expected a name/],
    ['with a name that ids of others begin with', { ...complete, name: 'Network' }, /Network is what ids/],
    [
      'without verify',
      { name: 'x', find: () => answers },
      /^Error: identity source x: verify is no function$/,
    ],
    ['without find', { name: 'x', verify: () => answers }, /find is no function/],
    ['with a probe that is none', { ...complete, name: 'x', probe: true }, /probe is no function/],
  ];
  for (const [what, source, says] of bad) {
    void it(`not ${what}`, () => assert.throws(() => defineIdentitySource(source as IdentitySource), says));
  }

  void it('as an instance of a class, which nobody changes afterwards', async () => {
    class Table {
      readonly name = 'table';
      #asked = 0;
      verify() {
        this.#asked += 1;
        return answers;
      }
      find() {
        return { account: { id: `asked-${this.#asked}`, addresses: [] } };
      }
    }
    const source = defineIdentitySource(new Table());
    const directory = directoryOf(source);
    await verify(directory);
    assert.deepEqual(inWords(await directory.find('x')), { id: 'asked-1', name: 'asked-1', addresses: [] });
    assert.throws(() => Object.assign(source, { verify: () => answers }), TypeError);
  });

  void it('and offered by a name that nobody else offers', () => {
    const none = /no plugin in config\/plugins offers it/;
    assert.throws(() => offeredSource('offered'), none);
    offerIdentitySource({ ...complete, name: 'Offered' });
    assert.equal(offeredSource('offered').name, 'Offered');
    assert.deepEqual(unusedSources([{ name: 'OFFERED' }]), []);
    assert.match(unusedSources([]).join(), /^a plugin offers the identity source Offered, which/);
    offerIdentitySource({ ...complete, name: 'offered' });
    assert.throws(() => offeredSource('offered'), /two plugins/);
  });
});
