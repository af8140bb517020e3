import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ExchangeSession, Step } from '../../plugins/auth/mechanisms/step.ts';
import { offered } from '../../plugins/auth/mechanisms/table.ts';
import { playIn } from './play.ts';

const session: ExchangeSession = {
  ...{ scram: false, certificate: false, binding: undefined, nonce: () => 'nonce-of-server' },
  tokens: { scope: 'smtp.send', configuration: 'https://idp.example/.well-known/openid-configuration' },
};

const base64 = (text: string) => Buffer.from(text.replaceAll('^', '\x01'), 'utf8').toString('base64');

function summary(step: Step): string {
  if (step.kind === 'challenge') return `334 ${step.text}`;
  if (step.kind === 'refuse') return step.reason;
  if (step.kind !== 'token') return step.kind;
  const { named, token } = step.bearer;
  return `[${named ?? ''}] [${token.reveal((bytes) => bytes.toString('utf8'))}]`;
}

/** `^` stands for %x01. */
const messages: readonly {
  readonly it: string;
  readonly mechanism: 'OAUTHBEARER' | 'XOAUTH2';
  readonly says: string;
  readonly comes: string;
}[] = [
  ...(
    [
      [
        'the example of RFC 7628 §4.1',
        'n,a=user@example.com,^host=server.example.com^port=143^auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==^^',
        '[user@example.com] [vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==]',
      ],
      ['nobody named', 'n,,^auth=Bearer a.b.c^^', '[] [a.b.c]'],
      ['a client that knows of channel binding', 'y,,^auth=Bearer a.b.c^^', '[] [a.b.c]'],
      ['a name with comma and equals sign', 'n,a=a=2Cb=3Dc,^auth=Bearer a.b.c^^', '[a,b=c] [a.b.c]'],
      ['a name in UTF-8', 'n,a=žluť,^auth=Bearer a.b.c^^', '[žluť] [a.b.c]'],
      ['a scheme in other letters (RFC 9110 §11.1)', 'n,,^auth=bEARER a.b.c^^', '[] [a.b.c]'],
      ['keys that nobody knows', 'n,,^x=^auth=Bearer a.b.c^y=1 2\t3^^', '[] [a.b.c]'],
      ['a channel binding, which is not offered', 'p=tls-exporter,,^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['no header', 'auth=Bearer a.b.c^^', 'auth-syntax'],
      ['an empty header', '^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['half a header', 'n,^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['a header with more behind it', 'n,,x^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['an empty name', 'n,a=,^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['a name that is not escaped', 'n,a=a,b,^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['the header of XOAUTH2', 'user=alice^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['no end', 'n,,^auth=Bearer a.b.c', 'auth-syntax'],
      ['half an end', 'n,,^auth=Bearer a.b.c^', 'auth-syntax'],
      ['too long an end', 'n,,^auth=Bearer a.b.c^^^', 'auth-syntax'],
      ['something behind the end', 'n,,^auth=Bearer a.b.c^^x', 'auth-syntax'],
      ['no pair', 'n,,^^', 'auth-syntax'],
      ['no token', 'n,,^host=x^^', 'auth-syntax'],
      ['an empty token', 'n,,^auth=Bearer ^^', 'auth-syntax'],
      ['a token without scheme', 'n,,^auth=a.b.c^^', 'auth-syntax'],
      ['another scheme', 'n,,^auth=Basic a.b.c^^', 'auth-syntax'],
      ['two spaces', 'n,,^auth=Bearer  a.b.c^^', 'auth-syntax'],
      ['a space behind the token', 'n,,^auth=Bearer a.b.c ^^', 'auth-syntax'],
      ['a token in UTF-8', 'n,,^auth=Bearer ž^^', 'auth-syntax'],
      ['a token with a line end', 'n,,^auth=Bearer a.b\r\n.c^^', 'auth-syntax'],
      ['two tokens', 'n,,^auth=Bearer a.b.c^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['two hosts', 'n,,^host=a^host=b^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['the key in other letters', 'n,,^AUTH=Bearer a.b.c^^', 'auth-syntax'],
      ['a key that is none', 'n,,^a-b=c^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['a pair that is none', 'n,,^host^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['an empty pair', 'n,,^^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['a value with NUL', 'n,,^host=\0^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['the answer to a failure, with nothing before it', '^', 'auth-syntax'],
    ] as const
  ).map(([title, says, comes]) => ({ it: title, mechanism: 'OAUTHBEARER' as const, says, comes })),
  ...(
    [
      [
        'the form of Google and Microsoft',
        'user=alice@corp.example^auth=Bearer a.b.c^^',
        '[alice@corp.example] [a.b.c]',
      ],
      ['a name with comma and equals sign', 'user=a,b=c^auth=Bearer a.b.c^^', '[a,b=c] [a.b.c]'],
      ['nobody named', 'user=^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['no user', 'auth=Bearer a.b.c^^', 'auth-syntax'],
      ['no end', 'user=alice^auth=Bearer a.b.c', 'auth-syntax'],
      ['the user behind', 'auth=Bearer a.b.c^user=alice^^', 'auth-syntax'],
      ['a header of RFC 7628', 'n,a=alice,^auth=Bearer a.b.c^^', 'auth-syntax'],
      ['NUL in the name', 'user=alice\0^auth=Bearer a.b.c^^', 'auth-syntax'],
    ] as const
  ).map(([title, says, comes]) => ({ it: title, mechanism: 'XOAUTH2' as const, says, comes })),
];

void describe('OAUTHBEARER (RFC 7628) and XOAUTH2', () => {
  for (const { it: title, mechanism, says, comes } of messages) {
    void it(`${mechanism}: ${title}`, () => {
      assert.equal(summary(playIn(session, `${mechanism} ${base64(says)}`)), comes);
      assert.equal(summary(playIn(session, mechanism, base64(says))), comes);
    });
  }

  void it('names that are not UTF-8 are refused', () => {
    const bytes = Buffer.concat([
      Buffer.from('user=\xff', 'latin1'),
      Buffer.from('\x01auth=Bearer a.b.c\x01\x01'),
    ]);
    assert.equal(summary(playIn(session, `XOAUTH2 ${bytes.toString('base64')}`)), 'auth-syntax');
  });

  void it('begin with an empty challenge', () => {
    assert.equal(summary(playIn(session, 'OAUTHBEARER')), '334 ');
    assert.equal(summary(playIn(session, 'XOAUTH2')), '334 ');
  });

  const failures = [
    {
      mechanism: 'OAUTHBEARER',
      says: 'n,,^auth=Bearer a.b.c^^',
      hears: {
        status: 'invalid_token',
        scope: 'smtp.send',
        'openid-configuration': 'https://idp.example/.well-known/openid-configuration',
      },
    },
    {
      mechanism: 'XOAUTH2',
      says: 'user=alice^auth=Bearer a.b.c^^',
      hears: { status: '401', schemes: 'bearer', scope: 'smtp.send' },
    },
  ] as const;
  for (const { mechanism, says, hears } of failures) {
    void it(`${mechanism} tells what would have been right`, () => {
      const step = playIn(session, `${mechanism} ${base64(says)}`);
      assert.ok(step.kind === 'token');
      assert.deepEqual(JSON.parse(Buffer.from(step.bearer.failure, 'base64').toString()), hears);
    });
  }

  void it('are there where tokens log in, and nowhere else', () => {
    const names = (each: ExchangeSession) => offered(each).map(({ name }) => name);
    assert.deepEqual(names(session), ['OAUTHBEARER', 'XOAUTH2', 'PLAIN', 'LOGIN']);
    assert.deepEqual(names({ ...session, tokens: undefined }), ['PLAIN', 'LOGIN']);
    const refused = playIn({ ...session, tokens: undefined }, `XOAUTH2 ${base64('user=a^auth=Bearer a^^')}`);
    assert.equal(summary(refused), 'auth-mechanism-unknown');
  });

  void it('take from any octets no token that does not stand there', () => {
    const part = fc.constantFrom(
      'n,,',
      'user=a',
      'auth=',
      'Bearer ',
      'bearer x',
      '\x01',
      '\x01\x01',
      '=',
      'host=',
      'ž',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.constantFrom('OAUTHBEARER', 'XOAUTH2'),
        fc.array(part, { maxLength: 9 }),
        (mechanism, parts) => {
          const text = parts.join('');
          const step = playIn(session, `${mechanism} ${Buffer.from(text, 'utf8').toString('base64') || '='}`);
          if (step.kind !== 'token') {
            assert.equal(summary(step), 'auth-syntax');
            return;
          }
          const token = step.bearer.token.reveal((bytes) => bytes.toString());
          assert.match(token, /^[\w.~+/=-]+$/);
          assert.match(text, new RegExp(`\\x01auth=bearer ${token.replace(/[.+]/g, '\\$&')}\\x01`, 'i'));
        },
      ),
      { numRuns: 5000 },
    );
  });

  void it('leave nothing of a message that they cannot read', () => {
    const mechanism = offered(session).find(({ name }) => name === 'XOAUTH2');
    const bytes = Buffer.from('user=alice\x01auth=Bearer a.b.c\x01');
    mechanism?.answer(bytes, session);
    assert.ok(bytes.every((octet) => octet === 0));
  });
});
