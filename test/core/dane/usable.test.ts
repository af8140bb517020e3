import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { publicKeyInfoOf } from '../../../plugins/core/certificate/x509.ts';
import { strongest, usable, type Tlsa } from '../../../plugins/core/dane/tlsa.ts';
import { Mint, serverOf } from '../../support/certificates.ts';
import { about } from './records.ts';

const mint = new Mint();
const server = mint.make({ name: 'server', extensions: serverOf('mx.example') });
// An elliptic curve by its parameters, in place of its name (RFC 3279 §2.3.5).
const explicitKey = [
  '-newkey',
  'ec',
  '-pkeyopt',
  'ec_paramgen_curve:prime256v1',
  '-pkeyopt',
  'ec_param_enc:explicit',
];
const explicit = mint.make({ name: 'explicit', key: explicitKey });
const digest = Buffer.alloc(32, 1);
const record = (usage: number, selector: number, matchingType: number, data = digest): Tlsa => ({
  ...{ usage, selector, matchingType },
  data,
});
const whole = about(server, 3, 0, 0);
const wholeKey = about(server, 3, 1, 0);
const pem = Buffer.from(server.cert);
const junk = Buffer.from([0]);

const cases: readonly { it: string; record: Tlsa; is: boolean }[] = [
  ...[0, 1].flatMap((selector) =>
    [2, 3].flatMap((usage) => [
      { it: `${usage} ${selector} 1`, record: record(usage, selector, 1), is: true },
      { it: `${usage} ${selector} 2`, record: record(usage, selector, 2, Buffer.alloc(64)), is: true },
      { it: `${usage} ${selector} 0`, record: about(server, usage, selector, 0), is: true },
    ]),
  ),
  { it: 'PKIX-TA(0) (RFC 7672 §3.1.3)', record: record(0, 0, 1), is: false },
  { it: 'PKIX-EE(1) (RFC 7672 §3.1.3)', record: record(1, 1, 1), is: false },
  { it: 'PKIX-EE(1) of a whole certificate', record: about(server, 1, 0, 0), is: false },
  { it: 'an unknown usage', record: record(4, 1, 1), is: false },
  { it: 'PrivCert(255)', record: record(255, 1, 1), is: false },
  { it: 'an unknown selector', record: record(3, 2, 1), is: false },
  { it: 'an unknown selector of a whole one', record: { ...whole, selector: 2 }, is: false },
  { it: 'an unknown matching type', record: record(3, 1, 3), is: false },
  { it: 'SHA-256 without octets', record: record(3, 1, 1, Buffer.alloc(0)), is: false },
  { it: 'SHA-256 of 31 octets', record: record(3, 1, 1, Buffer.alloc(31)), is: false },
  { it: 'SHA-256 of 33 octets', record: record(3, 1, 1, Buffer.alloc(33)), is: false },
  { it: 'SHA-256 of 64 octets', record: record(3, 1, 1, Buffer.alloc(64)), is: false },
  { it: 'SHA-512 of 32 octets', record: record(3, 1, 2), is: false },
  { it: 'SHA-512 of 60,000 octets', record: record(3, 1, 2, Buffer.alloc(60_000)), is: false },
  { it: 'a whole certificate without octets', record: record(3, 0, 0, Buffer.alloc(0)), is: false },
  { it: 'a whole certificate that is none', record: record(2, 0, 0, Buffer.alloc(60_000, 0x30)), is: false },
  {
    it: 'a whole certificate that is cut short',
    record: { ...whole, data: whole.data.subarray(0, -1) },
    is: false,
  },
  {
    it: 'a whole certificate with more behind it',
    record: { ...whole, data: Buffer.concat([whole.data, junk]) },
    is: false,
  },
  { it: 'a whole certificate in PEM', record: { ...whole, data: pem }, is: false },
  { it: 'a whole certificate that says it is a key', record: { ...whole, selector: 1 }, is: false },
  { it: 'a whole key that says it is a certificate', record: { ...wholeKey, selector: 0 }, is: false },
  {
    it: 'a whole key with more behind it',
    record: { ...wholeKey, data: Buffer.concat([wholeKey.data, junk]) },
    is: false,
  },
];

void describe('dane: a TLSA record', () => {
  after(() => mint.remove());

  for (const { it: what, record: one, is } of cases) {
    void it(`${what} is ${is ? 'usable' : 'unusable'}`, () => {
      assert.deepEqual(usable([one]), is ? [one] : []);
    });
  }

  void it('is left out alone, and the others keep their order', () => {
    const [one, two] = [record(3, 1, 1), record(2, 0, 1)];
    assert.deepEqual(usable([record(0, 0, 1), one, record(3, 1, 2), two]), [one, two]);
  });
});

void describe('dane: digests of the same usage and selector (RFC 7671 §9)', () => {
  const one = record(3, 1, 1);
  const two = record(3, 1, 2);
  for (const { it: what, all, is } of [
    { it: 'only the strongest counts', all: [one, two], is: [two] },
    {
      it: 'all of the strongest count',
      all: [two, record(3, 1, 2, digest)],
      is: [two, record(3, 1, 2, digest)],
    },
    { it: 'another selector is another matter', all: [one, record(3, 0, 2)], is: [one, record(3, 0, 2)] },
    { it: 'another usage is another matter', all: [one, record(2, 1, 2)], is: [one, record(2, 1, 2)] },
    { it: 'a whole one counts beside them', all: [wholeKey, one, two], is: [wholeKey, two] },
  ]) {
    void it(what, () => assert.deepEqual(strongest(all), is));
  }
});

void describe('dane: the key of a certificate', () => {
  void it('is that of every public authority, octet for octet', () => {
    for (const certificate of rootCertificates.map((text) => new X509Certificate(text))) {
      const octets = publicKeyInfoOf(certificate) ?? assert.fail(certificate.subject);
      assert.deepEqual(octets, certificate.publicKey.export({ type: 'spki', format: 'der' }));
    }
  });

  void it('is as it stands there, where Node.js would write it in another way', () => {
    const certificate = new X509Certificate(explicit.cert);
    const octets = publicKeyInfoOf(certificate) ?? assert.fail();
    assert.ok(octets.length > 200 && certificate.raw.includes(octets));
    assert.equal(createPublicKey({ key: octets, format: 'der', type: 'spki' }).asymmetricKeyType, 'ec');
  });
});
