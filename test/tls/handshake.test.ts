import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asksForCertificate, handshakeAt } from '../../plugins/core/criteria/criteria.ts';
import { unseenExceptions } from '../../plugins/tls/handshakes.ts';
import { lasting, now, policyOf, printers, strict, type Scene } from './scene.ts';

const intermediate = 'ECDHE+AESGCM:ECDHE+CHACHA20';
const handshakes: readonly (Scene & {
  readonly it: string;
  readonly at: { readonly port: number; readonly address?: string };
  readonly has: readonly [oldest: string, ciphers: RegExp];
})[] = [
  { it: 'as the settings say', at: { port: 587 }, has: ['TLSv1.2', /^ECDHE\+AESGCM:ECDHE\+CHACHA20$/] },
  {
    it: 'as an exception says, for its network',
    criteria: [`${printers}, ${lasting}`],
    at: { port: 587, address: '198.51.100.9' },
    has: ['TLSv1', /SECLEVEL=0/],
  },
  {
    it: 'as ever for others',
    criteria: [`${printers}, ${lasting}`],
    at: { port: 587, address: '192.0.2.9' },
    has: ['TLSv1.2', /^ECDHE/],
  },
  {
    it: 'as ever where the address is not known',
    criteria: [`${printers}, ${lasting}`],
    at: { port: 465 },
    has: ['TLSv1.2', /^ECDHE/],
  },
  {
    it: 'as an exception says, for its port',
    criteria: [`name: p, exception: legacy-device, ports: [465], ${lasting}`],
    at: { port: 465 },
    has: ['TLSv1', /SECLEVEL=0/],
  },
  {
    it: 'as ever once an exception has expired',
    criteria: [`${printers}, expires: 2026-06-14`],
    at: { port: 587, address: '198.51.100.9' },
    has: ['TLSv1.2', /^ECDHE/],
  },
  { it: 'as strict as a port is', criteria: [strict], at: { port: 587 }, has: ['TLSv1.3', /^ECDHE/] },
  {
    it: 'not as strict as an account has to be',
    criteria: ['name: a, accounts: [x], min_version: TLSv1.3'],
    at: { port: 587 },
    has: ['TLSv1.2', /^ECDHE/],
  },
  {
    it: 'without the suites that a port does not accept',
    criteria: ['name: c, ports: [587], ciphers: ECDHE+CHACHA20'],
    at: { port: 587 },
    has: ['TLSv1.2', /!ECDHE-RSA-AES128-GCM-SHA256/],
  },
];

void describe('what a handshake may end with', () => {
  for (const { it: title, at, has, ...scene } of handshakes) {
    void it(title, () => {
      const { minVersion, ciphers } = handshakeAt(at, policyOf(scene), now);
      assert.equal(minVersion, has[0]);
      assert.match(ciphers, has[1]);
    });
  }
  void it('is one text for all who may have the same, so that one context serves them', () => {
    const policy = policyOf({ criteria: [`${printers}, ${lasting}`] });
    assert.equal(handshakeAt({ port: 25 }, policy, now).ciphers, intermediate);
  });
});

const needed = 'client_certificate: required, authorities_file: a';
const wants: readonly {
  criterion: string;
  port: number;
  address?: string;
  isForLogins: boolean;
  wanted: boolean;
}[] = [
  { criterion: `name: a, ports: [25], ${needed}`, port: 25, isForLogins: false, wanted: true },
  { criterion: `name: a, ports: [25], ${needed}`, port: 587, isForLogins: true, wanted: false },
  {
    criterion: `name: a, sender_domains: [bank.example], ${needed}`,
    port: 25,
    isForLogins: false,
    wanted: true,
  },
  { criterion: `name: a, accounts: [x], ${needed}`, port: 25, isForLogins: false, wanted: false },
  { criterion: `name: a, accounts: [x], ${needed}`, port: 587, isForLogins: true, wanted: true },
  { criterion: `name: a, accounts: ["network:x"], ${needed}`, port: 25, isForLogins: false, wanted: true },
  { criterion: `name: a, ${needed}`, port: 587, isForLogins: true, wanted: true },
  { criterion: `name: a, ${needed}`, port: 25, isForLogins: false, wanted: false },
  {
    criterion: `name: a, networks: [192.0.2.0/24], ${needed}`,
    port: 25,
    address: '192.0.2.1',
    isForLogins: false,
    wanted: true,
  },
  {
    criterion: `name: a, networks: [192.0.2.0/24], ${needed}`,
    port: 25,
    address: '198.51.100.1',
    isForLogins: false,
    wanted: false,
  },
  { criterion: `name: a, networks: [192.0.2.0/24], ${needed}`, port: 465, isForLogins: true, wanted: true },
  {
    criterion: `name: a, ports: [25], ${needed}, expires: 2026-06-14`,
    port: 25,
    isForLogins: false,
    wanted: false,
  },
  { criterion: strict, port: 587, isForLogins: true, wanted: false },
];

void describe('a client is asked for a certificate', () => {
  for (const { criterion, wanted, ...where } of wants) {
    const { address = 'anywhere', port } = where;
    void it(`${wanted ? '' : 'not '}from ${address} on ${port} by ${criterion}`, () => {
      assert.equal(asksForCertificate(where, policyOf({ criteria: [criterion] }), now), wanted);
    });
  }
});

const hidden: readonly { it: string; criteria: readonly string[]; problems: number }[] = [
  {
    it: 'an exception for a network on the port where TLS comes first',
    criteria: [`${printers}, ports: [465, 587], ${lasting}`],
    problems: 1,
  },
  { it: 'not one that names no port', criteria: [`${printers}, ${lasting}`], problems: 0 },
  { it: 'not one for ports with STARTTLS', criteria: [`${printers}, ports: [587], ${lasting}`], problems: 0 },
  {
    it: 'not one beside another that opens the port',
    criteria: [
      `${printers}, ports: [465], ${lasting}`,
      `name: all, exception: legacy-device, ports: [465], ${lasting}`,
    ],
    problems: 0,
  },
];

void describe('what could never come about stops the start', () => {
  for (const { it: title, criteria, problems } of hidden) {
    void it(title, () => assert.equal(unseenExceptions(policyOf({ criteria }), 465).length, problems));
  }
});
