import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { begin, proceed } from '../../plugins/auth/exchange.ts';
import type { ExchangeSession, Step } from '../../plugins/auth/mechanisms/step.ts';
import type { Unproven } from '../../plugins/core/directory/directory.ts';
import { readVerifiers } from '../../plugins/core/directory/scram.ts';
import { judged } from './play.ts';
import { decode, encode, ScramClient, storedVerifier, type ScramOptions } from '../support/scram.ts';

const account = { id: 'uid=alice', name: 'alice@corp.example', addresses: [] };
const binding = Buffer.from('what this connection exports');

function found(verifier: string, more: Partial<Unproven> = {}): Unproven {
  const read = readVerifiers([Buffer.from(verifier)]);
  assert.ok(read);
  return { verifier: read, ifProven: { kind: 'account', account }, otherwise: 'wrong-password', ...more };
}

const alice = found(storedVerifier('secret'));

interface Case extends Partial<ScramOptions> {
  readonly it: string;
  readonly mechanism?: string;
  /** Whether the connection can be bound to; it cannot where absent. */
  readonly canBind?: true;
  readonly known?: Unproven;
  readonly change?: (withoutProof: string) => string;
  readonly comes: string;
}

/** Plays a whole exchange; gives its end in brief, and whether the server proved itself. */
function end(given: Case): string {
  const { mechanism = 'SCRAM-SHA-256', known = alice, change, canBind } = given;
  const client = new ScramClient({ login: 'alice', password: 'secret', ...given });
  const session: ExchangeSession = {
    scram: true,
    certificate: false,
    binding: canBind && binding,
    tokens: undefined,
    nonce: () => 'nonce-of-server',
  };
  const looked = begin(Buffer.from(`${mechanism} ${client.first()}`), session);
  if (looked.kind !== 'lookup') return brief(looked);
  const asked = looked.resume(known);
  assert.ok(asked.kind === 'challenge');
  const proof = proceed(asked.exchange, Buffer.from(client.final(asked.text, change)));
  const answered = judged(proof);
  if (answered.kind !== 'challenge') return brief(answered);
  assert.ok(client.trusts(answered.text), 'the server proves that it knows the verifier');
  return brief(proceed(answered.exchange, Buffer.alloc(0)));
}

function brief(step: Step): string {
  if (step.kind === 'refuse') return step.reason;
  if (step.kind === 'proven') return `[${step.login}] welcome`;
  assert.ok(step.kind === 'proof', step.kind);
  const verification = step.judge();
  assert.ok(verification.kind === 'refused');
  return `[${step.login}] ${verification.cause}`;
}

const plus = { mechanism: 'SCRAM-SHA-256-PLUS', header: 'p=tls-exporter,,', canBind: true, binding } as const;
const nobody = {
  ifProven: { kind: 'refused', cause: 'no-such-account' },
  otherwise: 'no-such-account',
} as const;
const disabled = { ifProven: { kind: 'refused', cause: 'account-disabled' } } as const;

const cases: readonly Case[] = [
  { it: 'the right password', comes: '[alice] welcome' },
  { it: 'a wrong one', password: 'guess', comes: '[alice] wrong-password' },
  { it: 'a disabled account', known: { ...alice, ...disabled }, comes: '[alice] account-disabled' },
  {
    it: 'a disabled account, to who does not know the password',
    known: { ...alice, ...disabled },
    password: 'guess',
    comes: '[alice] wrong-password',
  },
  { it: 'nobody', known: { ...alice, ...nobody }, password: 'guess', comes: '[alice] no-such-account' },
  {
    it: 'nobody, even with a proof of what was made up',
    known: { ...alice, ...nobody },
    comes: '[alice] no-such-account',
  },
  { it: 'a name with comma and equals sign', login: 'a,b=c', comes: '[a,b=c] welcome' },
  { it: 'a name in UTF-8', login: 'žluťoučký', comes: '[žluťoučký] welcome' },
  { it: 'itself as authzid', header: 'n,a=alice,', comes: '[alice] welcome' },
  { it: 'itself, encoded', login: 'a=c', header: 'n,a=a=3Dc,', comes: '[a=c] welcome' },
  { it: 'somebody else as authzid', header: 'n,a=bob,', comes: '[alice] foreign-authzid' },
  {
    it: 'somebody else and a wrong password',
    header: 'n,a=bob,',
    password: 'guess',
    comes: '[alice] wrong-password',
  },
  { it: 'an empty authzid', header: 'n,a=,', comes: 'auth-syntax' },
  { it: 'an extension that must be understood', header: 'n,,m=x,', comes: 'auth-syntax' },
  { it: 'no header', header: '', comes: 'auth-syntax' },
  { it: 'an unknown flag', header: 'x,,', comes: 'auth-syntax' },
  { it: 'an empty name', login: '', comes: 'auth-syntax' },
  { it: 'NUL in the name', login: 'a\0b', comes: 'auth-syntax' },
  { it: 'an empty nonce', nonce: '', comes: 'auth-syntax' },
  { it: 'a nonce of 256 octets', nonce: 'x'.repeat(256), comes: '[alice] welcome' },
  { it: 'a longer one', nonce: 'x'.repeat(257), comes: 'auth-syntax' },
  { it: 'a space in the nonce', nonce: 'x y', comes: 'auth-syntax' },
  { it: 'extensions that need not be understood', nonce: 'x,e=1,f=2', comes: '[alice] welcome' },
  {
    it: 'the nonce of the client alone',
    change: (text) => text.replace('nonce-of-server', ''),
    comes: '[alice] wrong-password',
  },
  { it: 'another nonce', change: (text) => `${text}x`, comes: '[alice] wrong-password' },
  {
    it: 'another header at the end',
    change: (text) => text.replace('biws', encode('y,,')),
    comes: '[alice] channel-binding',
  },
  { it: 'no binding at the end', change: (text) => text.replace(/^c=[^,]+,/, ''), comes: 'auth-syntax' },
  { it: 'a client that could bind, to a server that cannot', header: 'y,,', comes: '[alice] welcome' },
  {
    it: 'one from whose sight -PLUS was taken (RFC 5802 §6)',
    header: 'y,,',
    canBind: true,
    comes: '[alice] channel-binding',
  },
  { it: 'one that cannot bind, where others can', canBind: true, comes: '[alice] welcome' },
  { it: '-PLUS, bound', ...plus, comes: '[alice] welcome' },
  { it: '-PLUS with authzid', ...plus, header: 'p=tls-exporter,a=alice,', comes: '[alice] welcome' },
  { it: '-PLUS and a wrong password', ...plus, password: 'guess', comes: '[alice] wrong-password' },
  {
    it: '-PLUS, bound to another connection',
    ...plus,
    binding: Buffer.from('what the other one exports...'),
    comes: '[alice] channel-binding',
  },
  { it: '-PLUS, not bound at all', ...plus, binding: Buffer.alloc(0), comes: '[alice] channel-binding' },
  {
    it: '-PLUS by a binding that is none of TLS 1.3',
    ...plus,
    header: 'p=tls-unique,,',
    comes: '[alice] channel-binding',
  },
  { it: '-PLUS without its flag', ...plus, header: 'n,,', comes: '[alice] channel-binding' },
  {
    it: '-PLUS where nothing can be bound to',
    mechanism: 'SCRAM-SHA-256-PLUS',
    comes: 'auth-mechanism-unknown',
  },
  {
    it: 'its flag without -PLUS',
    header: 'p=tls-exporter,,',
    canBind: true,
    comes: '[alice] channel-binding',
  },
];

void describe('SCRAM-SHA-256 (RFC 5802, RFC 7677)', () => {
  for (const given of cases) {
    void it(`${given.it}: ${given.comes}`, () => {
      assert.equal(end(given), given.comes);
    });
  }

  void it('names that are encoded in no way of RFC 5802', () => {
    const session: ExchangeSession = {
      scram: true,
      certificate: false,
      binding: undefined,
      tokens: undefined,
      nonce: () => 'x',
    };
    for (const name of ['a=', 'a=2', 'a=2c', 'a=3d', 'a=41', '=', 'a,b']) {
      const step = begin(Buffer.from(`SCRAM-SHA-256 ${encode(`n,,n=${name},r=abc`)}`), session);
      assert.deepEqual(step, { kind: 'refuse', reason: 'auth-syntax' }, name);
    }
  });

  void it('proofs of any other form', () => {
    const session: ExchangeSession = {
      scram: true,
      certificate: false,
      binding: undefined,
      tokens: undefined,
      nonce: () => 'server',
    };
    const right = `c=biws,r=abcserver,p=${Buffer.alloc(32).toString('base64')}`;
    const wrong = [
      '',
      'p=',
      right.replace(/p=.*/, 'p='),
      right.replace('p=', 'p=AAAA'),
      `${right},x=1`,
      `m=1,${right}`,
    ];
    for (const final of [...wrong, `${right}\0`, right.replace('biws', 'biw'), right.replace(/,p=.*/, '')]) {
      const looked = begin(Buffer.from(`SCRAM-SHA-256 ${encode('n,,n=alice,r=abc')}`), session);
      assert.ok(looked.kind === 'lookup');
      const asked = looked.resume(alice);
      assert.ok(asked.kind === 'challenge');
      const step = proceed(asked.exchange, Buffer.from(encode(final)));
      assert.deepEqual(step, { kind: 'refuse', reason: 'auth-syntax' }, final);
    }
  });

  void it('speaks the example of RFC 7677 §3', () => {
    const session: ExchangeSession = {
      scram: true,
      certificate: false,
      binding: undefined,
      tokens: undefined,
      nonce: () => '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    };
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    const looked = begin(Buffer.from(`SCRAM-SHA-256 ${encode('n,,n=user,r=rOprNGfwEbeRWgbNEkqO')}`), session);
    assert.ok(looked.kind === 'lookup');
    const asked = looked.resume(found(storedVerifier('pencil', salt)));
    assert.ok(asked.kind === 'challenge');
    const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    assert.equal(decode(asked.text), `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
    const final = `c=biws,r=${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
    const proven = judged(proceed(asked.exchange, Buffer.from(encode(final))));
    assert.ok(proven.kind === 'challenge');
    assert.equal(decode(proven.text), 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
    assert.equal(brief(proceed(proven.exchange, Buffer.alloc(0))), '[user] welcome');
    assert.equal(brief(proceed(proven.exchange, Buffer.from('eA=='))), 'auth-syntax');
    assert.equal(brief(proceed(proven.exchange, Buffer.from('*'))), 'auth-cancelled');
  });
});
