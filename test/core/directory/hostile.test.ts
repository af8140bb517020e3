import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { alice, answer, element, type FakeRequest, type Script } from '../../support/fake-ldap.ts';
import { assertUnavailable, client, fake } from './fixtures.ts';

const raw = (hex: string) => (): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('directory: answers that are no LDAP', () => {
  /** The id of the bind on a fresh connection is 1. */
  const broken: readonly { it: string; bytes: string; saying: RegExp }[] = [
    { it: '14 bytes of something else', bytes: '485454502f312e3120343030204f', saying: /no LDAP message/ },
    { it: 'an indefinite length', bytes: '3080 020101 61070a010004000400 0000', saying: /indefinite/ },
    {
      it: 'an indefinite length inside',
      bytes: '300e 020101 6180 0a010004000400 0000',
      saying: /indefinite/,
    },
    { it: 'a length of 2³²-1', bytes: '3084ffffffff', saying: /a message of 4294967301 octets/ },
    { it: 'a length of five octets', bytes: '30850000000001', saying: /more than four octets/ },
    {
      it: 'a length of 50 MB',
      bytes: '308402faf080 020101',
      saying: /a message of 50000006 octets, the limit is 65536/,
    },
    { it: 'a length over the limit for a bind', bytes: '308300ffff 020101', saying: /the limit is 65536/ },
    {
      it: 'an inner length that is too long',
      bytes: '300c 020101 61080a010004000400',
      saying: /longer than the one around/,
    },
    {
      it: 'an inner length that is too short',
      bytes: '300c 020101 61060a010004000400',
      saying: /cut short|belongs|longer/,
    },
    {
      it: 'an answer with something behind it',
      bytes: '300e 020101 61070a010004000400 0500',
      saying: /belongs/,
    },
    { it: 'an answer with something inside', bytes: '300e 020101 61090a0100040004000500', saying: /shorter/ },
    { it: 'a message without an answer', bytes: '3003 020101', saying: /nobody asked for/ },
    { it: 'a message without anything', bytes: '3000', saying: /missing/ },
    { it: 'another message id', bytes: '300c 020107 61070a010004000400', saying: /nobody asked for/ },
    { it: 'a negative message id', bytes: '300c 0201ff 61070a010004000400', saying: /negative/ },
    {
      it: 'a message id of five octets',
      bytes: '3010 02050000000001 61070a010004000400',
      saying: /too many octets/,
    },
    { it: 'a message id of no octets', bytes: '300b 0200 61070a010004000400', saying: /no or too many/ },
    { it: 'a result code as an integer', bytes: '300c 020101 6107020100 04000400', saying: /belongs/ },
    { it: 'a negative result code', bytes: '300c 020101 61070a01ff04000400', saying: /negative/ },
    {
      it: 'the answer to another question',
      bytes: '300c 020101 65070a010004000400',
      saying: /kind search-done where bind belongs/,
    },
    { it: 'an entry for a bind', bytes: '3009 020101 6404 0400 3000', saying: /kind search-entry/ },
    { it: 'a StartTLS answer for a bind', bytes: '300c 020101 78070a010004000400', saying: /kind extended/ },
    { it: 'a request', bytes: '300c 020101 60070201030400 8000', saying: /kind that nobody asked for/ },
    { it: 'an intermediate response', bytes: '3005 020101 7900', saying: /kind that nobody asked for/ },
    {
      it: 'a tag of several octets',
      bytes: '300c 020101 7f070a010004000400',
      saying: /kind that nobody|several octets/,
    },
    { it: 'controls that are none', bytes: '3010 020101 61070a010004000400 a0020500', saying: /belongs/ },
  ];
  for (const { it: what, bytes, saying } of broken) {
    it(what, async () => {
      const server = await fake({ bind: raw(bytes) });
      await assertUnavailable(client([server.url]).verify(), saying);
    });
  }

  it('a notice of disconnection (RFC 4511 §4.4.1)', async () => {
    const server = await fake({ bind: () => answer.noticeOfDisconnection() });
    await assertUnavailable(client([server.url]).verify(), /announced that it closes the connection/);
  });

  it('an answer before the question', async () => {
    const script: Script = {
      bind: ({ id }) => Buffer.concat([answer.bind(id, 49), answer.bind(id + 1, 0)]),
    };
    const server = await fake(script);
    const { verify } = client([server.url]);
    for (let n = 0; n < 3; n += 1) assert.equal(await verify('wrong'), 'wrong-password');
    assert.deepEqual(
      server.requests.filter(({ kind }) => kind === 'bind').map(({ connection }) => connection),
      [1, 2, 3],
    );
  });

  it('half an answer that lies in wait for the next question', async () => {
    const success = answer.bind(2, 0);
    const script: Script = {
      bind: ({ id, connection }) =>
        connection === 1 ? Buffer.concat([answer.bind(id, 49), success.subarray(0, 3)]) : answer.bind(id, 49),
    };
    const server = await fake(script);
    const { verify } = client([server.url]);
    assert.equal(await verify('wrong'), 'wrong-password');
    assert.equal(await verify('wrong'), 'wrong-password');
    assert.deepEqual(
      server.requests.filter(({ kind }) => kind === 'bind').map(({ connection }) => connection),
      [1, 2],
    );
  });

  it('50 MB cost no memory', async () => {
    const flood = Buffer.concat([Buffer.from('308402faf080020102', 'hex'), Buffer.alloc(50_000_000)]);
    const server = await fake({ search: () => flood });
    const { verify } = client([server.url], { operation_timeout_seconds: 2 });
    await assertUnavailable(verify(), /limit is 1048576/);
    const before = process.memoryUsage().rss;
    await assertUnavailable(verify(), /limit is 1048576/);
    // The server's own copies in the kernel and in this process are not the client's, hence the generous bound.
    assert.ok(process.memoryUsage().rss - before < 40_000_000);
  });

  it('any bytes at all, to any question: never an account', async () => {
    let bytes: Buffer = Buffer.alloc(0);
    let step = '';
    const reaction =
      (name: string, otherwise: (request: FakeRequest) => Buffer) =>
      (request: FakeRequest): Buffer => {
        if (step !== name) return otherwise(request);
        request.socket.end(bytes);
        return Buffer.alloc(0);
      };
    const server = await fake({
      serviceBind: reaction('service bind', ({ id }) => answer.bind(id, 0)),
      search: reaction('search', ({ id }) => Buffer.concat([answer.entry(id, alice.dn), answer.done(id)])),
      bind: reaction('bind', ({ id }) => answer.bind(id, 0)),
    });
    const framed = fc
      .uint8Array({ maxLength: 100 })
      .map((body) => element(0x30, Buffer.from([2, 1, 1]), Buffer.from(body)));
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((all) => Buffer.from(all)),
      framed,
    );
    const steps = fc.constantFrom('service bind', 'search', 'bind');
    const property = fc.asyncProperty(anything, steps, async (sent, at) => {
      [bytes, step] = [sent, at];
      const { verify, directory } = client([server.url]);
      const outcome = await verify().catch((error: unknown) => (error as Error).name);
      directory.close();
      assert.equal(outcome, 'Unavailable');
    });
    await fc.assert(property, { numRuns: 200 });
  });

  it('a true answer that was cut short anywhere: never an account', async () => {
    const whole = Buffer.concat([answer.entry(2, alice.dn, alice.attributes), answer.done(2)]);
    let length = 0;
    const server = await fake({
      search: ({ socket }) => {
        socket.end(whole.subarray(0, length));
        return undefined;
      },
    });
    for (length = 0; length < whole.length; length += 1) {
      const { verify, directory } = client([server.url]);
      await assertUnavailable(verify(), /closed the connection/);
      directory.close();
    }
  });
});
