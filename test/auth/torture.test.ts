import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { begin, longestLine, proceed } from '../../plugins/auth/exchange.ts';
import type { ExchangeSession, Step } from '../../plugins/auth/mechanisms/step.ts';
import { offered } from '../../plugins/auth/mechanisms/table.ts';
import type { Verification } from '../../plugins/core/directory/directory.ts';
import { readVerifiers } from '../../plugins/core/directory/scram.ts';
import { judged } from './play.ts';
import { encode, ScramClient, storedVerifier } from '../support/scram.ts';

/** So many exchanges are generated; EXCHANGES=1000000 makes a night of it. */
const exchanges = Number(process.env['EXCHANGES'] ?? 10_000);

const binding = Buffer.from('what this connection exports');
const tokens = { scope: 'smtp.send' };
const session: ExchangeSession = {
  scram: true,
  certificate: false,
  binding,
  tokens,
  nonce: () => 'nonce-of-server',
};
const verifier = readVerifiers([Buffer.from(storedVerifier('secret', Buffer.alloc(16, 1), 1))]);
assert.ok(verifier);
const account = { id: 'uid=alice', name: 'alice', addresses: [] };
const alice = { verifier, ifProven: { kind: 'account', account }, otherwise: 'wrong-password' } as const;

const scram = new ScramClient({ login: 'alice', password: 'secret' });
const plus = new ScramClient({
  ...{ login: 'alice', password: 'secret', header: 'p=tls-exporter,,', binding },
});

/** What a well-behaved client says: each line is made of the challenge before it. */
const right: Readonly<Record<string, readonly ((challenge: string) => string)[]>> = {
  PLAIN: [() => encode('\0alice\0secret')],
  LOGIN: [() => encode('alice'), () => encode('secret')],
  OAUTHBEARER: [() => encode('n,a=alice,\x01auth=Bearer secret\x01\x01')],
  XOAUTH2: [() => encode('user=alice\x01auth=Bearer secret\x01\x01')],
  'SCRAM-SHA-256': [() => scram.first(), (challenge) => scram.final(challenge), () => ''],
  'SCRAM-SHA-256-PLUS': [() => plus.first(), (challenge) => plus.final(challenge), () => ''],
};

/** Whatever an exchange asks of others comes at once; a line that comes too late was never read. */
function play(first: string, answers: readonly ((challenge: string) => string)[]): Step {
  let step = helped(begin(Buffer.from(first, 'latin1'), session));
  for (const answer of answers) {
    if (step.kind !== 'challenge') return step;
    step = helped(proceed(step.exchange, Buffer.from(answer(step.text), 'latin1')));
  }
  return step;
}

function helped(step: Step): Step {
  return step.kind === 'lookup' ? step.resume(alice) : judged(step);
}

function refusedOf(verification: Verification): string {
  assert.ok(verification.kind === 'refused');
  return verification.cause;
}

function brief(step: Step): string {
  if (step.kind === 'refuse') return step.reason;
  if (step.kind === 'proven') return 'welcome';
  if (step.kind === 'proof') return refusedOf(step.judge());
  if (step.kind === 'token') {
    const { named, token } = step.bearer;
    return `${named ?? ''} ${token.reveal((bytes) => bytes.toString())}`;
  }
  if (step.kind !== 'credentials') return step.kind;
  const { login, password } = step.credentials;
  return `${login} ${password.reveal((bytes) => bytes.toString())}`;
}

/** What stands in place of one right line, and what comes of it in every mechanism and at every step. */
const wrongLines: readonly { readonly it: string; readonly line: string; readonly comes: RegExp }[] = [
  { it: '*', line: '*', comes: /^auth-cancelled$/ },
  { it: 'no base64', line: '!!!!', comes: /^auth-syntax$/ },
  { it: 'base64 without padding', line: 'YQ', comes: /^auth-syntax$/ },
  { it: 'base64 with stray bits', line: 'YR==', comes: /^auth-syntax$/ },
  { it: 'base64 and a space', line: 'YWFh ', comes: /^auth-syntax$/ },
  { it: 'a NUL in it', line: 'YWFh\0', comes: /^auth-syntax$/ },
  { it: '=', line: '=', comes: /^auth-syntax$/ },
  { it: 'a line of 12,289 octets', line: 'A'.repeat(longestLine + 1), comes: /^auth-line-too-long$/ },
];

/** Lines that some mechanism can decode; the third line of SCRAM is empty, and LOGIN's first a name. */
const oddLines = [
  '',
  encode('\0'),
  encode('\0\0\0\0'),
  encode('\xff'),
  encode('alice'),
  'A'.repeat(longestLine),
  'QUIt',
];

void describe('every mechanism, and every line of it in turn', () => {
  void it('knows the right lines of each that there is', () => {
    assert.deepEqual(
      Object.keys(right).sort(),
      offered(session)
        .map(({ name }) => name)
        .sort(),
    );
  });

  for (const [mechanism, lines] of Object.entries(right)) {
    const ends = mechanism.startsWith('SCRAM') ? 'welcome' : 'alice secret';
    void it(`${mechanism}: in steps, and with an initial response`, () => {
      assert.equal(brief(play(mechanism, lines)), ends);
      assert.equal(brief(play(`${mechanism} ${lines[0]?.('') ?? ''}`, lines.slice(1))), ends);
    });

    lines.forEach((_line, index) => {
      const withLine = (line: string) => lines.map((answer, at) => (at === index ? () => line : answer));
      for (const { it: title, line, comes } of wrongLines) {
        void it(`${mechanism}: ${title} as line ${index + 1}`, () => {
          assert.match(brief(play(mechanism, withLine(line))), comes);
        });
      }
      void it(`${mechanism}: odd answers as line ${index + 1} are read, and give no right`, () => {
        for (const line of oddLines) {
          const isRight = line === (mechanism === 'LOGIN' ? encode('alice') : '') && lines.length > 1;
          const end = brief(play(mechanism, withLine(line)));
          if (!isRight) assert.notEqual(end, ends, line.slice(0, 40));
        }
      });
    });
  }

  const initial = [
    { it: '=', line: '=' },
    { it: 'nothing after the space', line: '' },
    { it: 'no base64', line: '!!!!' },
    { it: 'text after it', line: `${encode('alice')} more` },
    { it: 'two spaces', line: ` ${encode('alice')}` },
  ];
  for (const mechanism of Object.keys(right)) {
    for (const { it: title, line } of initial) {
      const comes = mechanism === 'LOGIN' && (line === '=' || line === '') ? 'challenge' : 'auth-syntax';
      void it(`${mechanism} with an initial response: ${title}`, () => {
        assert.equal(brief(play(`${mechanism} ${line}`, [])), comes);
      });
    }
    void it(`${mechanism}: a command of 12,288 octets, and of one more`, () => {
      const length = longestLine - `AUTH ${mechanism} `.length;
      assert.notEqual(brief(play(`${mechanism} ${'A'.repeat(length)}`, [])), 'auth-line-too-long');
      assert.equal(brief(play(`${mechanism} ${'A'.repeat(length + 1)}`, [])), 'auth-line-too-long');
    });
  }
});

const octets = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const field = fc.constantFrom(
  'alice',
  'secret',
  'n,,',
  'n=alice',
  'n,a=alice,',
  'user=alice',
  'auth=Bearer ',
  '\x01',
  '\x01\x01',
  'r=abc',
  'c=biws',
  'p=',
  '\0',
  ',',
  'm=',
  'y,,',
  '=2C',
  '\xff',
  '',
);
const message = fc
  .array(field, { maxLength: 8 })
  .map((parts) => Buffer.from(parts.join(''), 'latin1').toString('base64'));
/** `undefined` stands for the right line. */
const line = fc.oneof(
  octets,
  message,
  fc.constantFrom('*', '=', '', 'A'.repeat(longestLine + 1)),
  fc.constant(undefined),
);

void describe('lines that a generator makes', () => {
  void it(`end each of ${exchanges} exchanges, and only the right ones with a login`, () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(right)),
        fc.boolean(),
        fc.array(line, { maxLength: 4 }),
        (mechanism, isInitial, given) => {
          const rightLines = right[mechanism] ?? [];
          const answers = given.map((text, index) =>
            text === undefined ? (rightLines[index] ?? (() => 'never read')) : () => text,
          );
          const first = isInitial && answers[0] ? `${mechanism} ${answers[0]('')}` : mechanism;
          const end = play(first, first === mechanism ? answers : answers.slice(1));
          const isProven = end.kind === 'proven';
          const isWhole = given.slice(0, 2).every((text) => text === undefined) && given.length >= 3;
          assert.ok(!isProven || isWhole, 'a login that proved nothing');
        },
      ),
      { numRuns: exchanges },
    );
  });

  void it('that are no AUTH at all are refused', () => {
    fc.assert(
      fc.property(octets, (argument) => {
        const isMechanism = /^(PLAIN|LOGIN|XOAUTH2|OAUTHBEARER|SCRAM-SHA-256(-PLUS)?)( |$)/i.test(argument);
        const { kind } = begin(Buffer.from(argument, 'latin1'), session);
        assert.ok(isMechanism || kind === 'refuse');
      }),
      { numRuns: exchanges },
    );
  });
});
