import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertUnavailable } from './fixtures.ts';
import { answers, directoryOf, foreign, inWords, sourceThat, verify } from './source-fixtures.ts';

void describe('an answer of an identity source', () => {
  const accounts: readonly { it: string; account: object; is: object }[] = [
    {
      it: 'with an address',
      account: { id: 'a', addresses: ['Alice@CORP.example'] },
      is: { id: 'a', name: 'Alice@corp.example', addresses: ['Alice@corp.example'] },
    },
    { it: 'without one', account: { id: 'a', addresses: [] }, is: { id: 'a', name: 'a', addresses: [] } },
    {
      it: 'with rights and limits',
      account: {
        ...{ id: 'a', addresses: [], domains: ['Bücher.example'], onBehalf: ['boss@corp.example'] },
        ...{ grants: ['list'], limits: ['sessions = none'] },
      },
      is: {
        ...{ id: 'a', name: 'a', addresses: [], limits: { sessions: 'none' } },
        delegated: {
          ...{
            domains: ['xn--bcher-kva.example'],
            onBehalf: ['boss@corp.example'],
            grants: ['list'],
            pairs: [],
          },
        },
      },
    },
  ];
  for (const { it: what, account, is } of accounts) {
    void it(`is an account ${what}`, async () => {
      for (const does of [() => ({ account }), () => Promise.resolve({ account })]) {
        assert.deepEqual(inWords(await verify(directoryOf(sourceThat(does)))), is);
      }
    });
  }

  void it('may come from another realm', async () => {
    const answer = foreign('Promise.resolve({ account: { id: "a", addresses: ["a@corp.example"] } })');
    const found = await verify(directoryOf(sourceThat(() => answer)));
    assert.equal(found.kind, 'account');
  });

  for (const refused of ['no-such-account', 'wrong-password', 'account-disabled', 'password-expired']) {
    void it(`is ${refused}`, async () => {
      const directory = directoryOf(sourceThat(() => ({ refused, detail: 'row 7\n' })));
      const is = { kind: 'refused', cause: refused, detail: 'row 7' };
      assert.deepEqual(await verify(directory), is);
    });
  }

  const account = (more: object) => ({ account: { id: 'a', addresses: [], ...more } });
  const nonsense: readonly [what: string, answer: unknown, says: RegExp][] = [
    ['nothing', undefined, /the answer is no object/],
    ['null', null, /the answer is no object/],
    ['yes', true, /the answer is no object/],
    ['a text', 'alice', /the answer is no object/],
    ['a list', ['alice'], /the answer has a key that is unknown: 0/],
    ['an empty object', {}, /not one of account and refused/],
    ['an account that is refused', { ...answers, refused: 'wrong-password' }, /not one of account/],
    ['no account', { account: null }, /account is no object/],
    ['an account by its name', { account: 'alice' }, /account is no object/],
    ['a key more', { ...answers, ok: true }, /unknown: ok/],
    ['an account without id', { account: { addresses: [] } }, /account\.id is no text/],
    ['an empty id', account({ id: '' }), /account\.id/],
    ['a number as id', account({ id: 7 }), /account\.id/],
    ['an id of two lines', account({ id: 'a\nb' }), /account\.id/],
    ['an id that is longer than a login', account({ id: 'x'.repeat(257) }), /account\.id/],
    ['no addresses', { account: { id: 'a' } }, /account\.addresses is missing/],
    ['one address', account({ addresses: 'alice@corp.example' }), /account\.addresses is no list/],
    ['an address without domain', account({ addresses: ['a@b', 'alice'] }), /addresses\[1\] is no mailbox/],
    ['an address with more in it', account({ addresses: ['a@b>\r\nRCPT TO:<c@d'] }), /addresses\[0\]/],
    ['a list with a hole', account({ addresses: new Array(1) }), /addresses\[0\] is no mailbox/],
    ['a list without end', account({ addresses: new Array(2 ** 31) }), /more than 1000/],
    ['a domain that is none', account({ domains: ['*'] }), /domains\[0\] is no domain/],
    ['a grant that is none', account({ grants: ['admin'] }), /grants\[0\] is no grant/],
    ['a limit that is none', account({ limits: ['messages=many'] }), /account\.limits cannot be read/],
    [
      'a right that is misspelt',
      account({ limit: ['sessions=1'] }),
      /account has a key that is unknown: limit/,
    ],
    ['a cause that is none', { refused: 'go-away' }, /refused is no cause/],
    ['a cause of the gateway', { refused: 'account-suspended' }, /refused is no cause/],
    ['no cause', { refused: true }, /refused is no cause/],
    ['a detail that is no text', { refused: 'account-locked', detail: {} }, /detail is no text/],
    [
      'a getter that throws',
      {
        get account() {
          throw new Error('on purpose');
        },
      },
      /^on purpose$/,
    ],
    [
      'a then that throws',
      {
        get then() {
          throw new Error('on purpose');
        },
      },
      /^on purpose$/,
    ],
    [
      'a proxy that hides its keys',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
      /^no$/,
    ],
  ];
  for (const [what, answer, says] of nonsense) {
    void it(`is none where it is ${what}`, async () => {
      const directory = directoryOf(sourceThat(() => answer));
      await assertUnavailable(verify(directory), says);
      await assertUnavailable(directory.find('alice'), says);
    });
  }

  void it('does not say without a password that it was wrong', async () => {
    const directory = directoryOf(sourceThat(() => ({ refused: 'wrong-password' })));
    await assertUnavailable(directory.find('alice'), /find has no password/);
  });

  void it('is read once: what it says later is another matter', async () => {
    let reads = 0;
    const account = {
      addresses: [],
      get id() {
        reads += 1;
        return `id-${reads}`;
      },
    };
    const found = await verify(directoryOf(sourceThat(() => ({ account }))));
    assert.deepEqual(inWords(found), { id: 'id-1', name: 'id-1', addresses: [] });
  });
});
