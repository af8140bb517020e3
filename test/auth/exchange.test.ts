import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestLine } from '../../plugins/auth/exchange.ts';
import type { Step } from '../../plugins/auth/mechanisms/step.ts';
import { play } from './play.ts';

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

function summary(step: Step): string {
  if (step.kind === 'challenge') return `334 ${step.text}`;
  if (step.kind === 'refuse') return step.reason;
  if (step.kind !== 'credentials') return step.kind;
  const { authzid, login, password } = step.credentials;
  return `[${authzid}] [${login}] [${password.reveal((bytes) => bytes.toString('utf8'))}]`;
}

const alice = base64('\0alice\0secret');

const exchanges: readonly { it: string; client: readonly string[]; comes: string }[] = [
  { it: 'PLAIN with an initial response', client: [`PLAIN ${alice}`], comes: '[] [alice] [secret]' },
  { it: 'PLAIN in two steps', client: ['PLAIN', alice], comes: '[] [alice] [secret]' },
  { it: 'PLAIN asks with an empty challenge', client: ['PLAIN'], comes: '334 ' },
  { it: 'a mechanism in any case', client: [`plain ${alice}`], comes: '[] [alice] [secret]' },
  {
    it: 'an authorization identity',
    client: [`PLAIN ${base64('carol\0alice\0secret')}`],
    comes: '[carol] [alice] [secret]',
  },
  { it: 'a password in UTF-8', client: [`PLAIN ${base64('\0alice\0žluť')}`], comes: '[] [alice] [žluť]' },
  {
    it: 'an empty password, for the directory to refuse',
    client: [`PLAIN ${base64('\0alice\0')}`],
    comes: '[] [alice] []',
  },
  { it: 'LOGIN asks for the name', client: ['LOGIN'], comes: '334 VXNlcm5hbWU6' },
  { it: 'LOGIN asks for the password', client: ['LOGIN', base64('alice')], comes: '334 UGFzc3dvcmQ6' },
  {
    it: 'LOGIN in three steps',
    client: ['LOGIN', base64('alice'), base64('secret')],
    comes: '[] [alice] [secret]',
  },
  {
    it: 'LOGIN with the name at once',
    client: [`LOGIN ${base64('alice')}`, base64('secret')],
    comes: '[] [alice] [secret]',
  },
  { it: 'LOGIN with an empty name', client: ['LOGIN =', base64('secret')], comes: '[] [] [secret]' },
  { it: '* as the name cancels', client: ['LOGIN', '*'], comes: 'auth-cancelled' },
  { it: '* as the password cancels', client: ['LOGIN', base64('alice'), '*'], comes: 'auth-cancelled' },
  { it: '* for PLAIN cancels', client: ['PLAIN', '*'], comes: 'auth-cancelled' },
  { it: 'a mechanism that is not on', client: ['SCRAM-SHA-256'], comes: 'auth-mechanism-unknown' },
  { it: 'no mechanism', client: [''], comes: 'auth-argument-missing' },
  { it: 'another mechanism', client: ['CRAM-MD5'], comes: 'auth-mechanism-unknown' },
  { it: 'the empty initial response is no PLAIN message', client: ['PLAIN ='], comes: 'auth-syntax' },
  { it: 'no field', client: [`PLAIN ${base64('alice')}`], comes: 'auth-syntax' },
  { it: 'two fields', client: [`PLAIN ${base64('alice\0secret')}`], comes: 'auth-syntax' },
  { it: 'four fields', client: [`PLAIN ${base64('\0alice\0secret\0more')}`], comes: 'auth-syntax' },
  { it: 'text after the initial response', client: [`PLAIN ${alice} more`], comes: 'auth-syntax' },
  {
    it: 'a name that is not UTF-8',
    client: [`PLAIN ${Buffer.from('00ff00ff', 'hex').toString('base64')}`],
    comes: 'auth-syntax',
  },
  { it: 'no base64', client: ['LOGIN', 'alice!'], comes: 'auth-syntax' },
  { it: 'base64 without its padding', client: ['LOGIN', 'YQ'], comes: 'auth-syntax' },
  { it: 'base64 with stray bits (RFC 4648 §3.5)', client: ['LOGIN', 'YR=='], comes: 'auth-syntax' },
  { it: 'base64 that spells QUIT is data', client: ['LOGIN', 'QUIt'], comes: '334 UGFzc3dvcmQ6' },
  { it: 'the longest line', client: ['PLAIN', 'A'.repeat(longestLine)], comes: 'auth-syntax' },
  { it: 'one octet more', client: ['PLAIN', 'A'.repeat(longestLine + 1)], comes: 'auth-line-too-long' },
  { it: 'the longest command', client: [`PLAIN ${'A'.repeat(longestLine - 12)}`], comes: 'auth-syntax' },
  { it: 'a longer command', client: [`PLAIN ${'A'.repeat(longestLine - 10)}`], comes: 'auth-line-too-long' },
];

void describe('the exchange (RFC 4954, RFC 4616)', () => {
  for (const { it: title, client, comes } of exchanges) {
    void it(title, () => {
      assert.equal(summary(play(...client)), comes);
    });
  }

  void it('keeps a password out of everything that prints', () => {
    const step = play(`PLAIN ${alice}`);
    assert.ok(step.kind === 'credentials');
    assert.doesNotMatch(JSON.stringify(step), /secret[^\]]/);
    assert.equal(String(step.credentials.password), '[secret]');
  });
});
