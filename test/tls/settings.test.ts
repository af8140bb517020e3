import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lasting, policyOf, printers, strict } from './scene.ts';

const mistakes: readonly { it: string; tls?: string; criteria?: readonly string[]; says: RegExp }[] = [
  {
    it: 'an oldest protocol that the preset does not have',
    tls: 'min_version: TLSv1',
    says: /tls.min_version: TLSv1 is older than what preset intermediate begins with, TLSv1.2/,
  },
  { it: 'an entry that asks for nothing', criteria: ['name: a, ports: [25]'], says: /asks for nothing/ },
  {
    it: 'an entry by the name of a preset',
    criteria: ['name: Modern, ports: [25], sni: required'],
    says: /Modern is a preset/,
  },
  { it: 'two of a name', criteria: [strict, strict], says: /strict is listed already/ },
  {
    it: 'an exception for ever',
    criteria: [printers],
    says: /expires: is missing: an exception has a last day/,
  },
  {
    it: 'an exception for all',
    criteria: [`name: a, exception: modern, ${lasting}`],
    says: /needs ports or networks/,
  },
  {
    it: 'an exception for an account',
    criteria: [`${printers}, accounts: [x], ${lasting}`],
    says: /TLS begins before they are known/,
  },
  {
    it: 'an exception that asks for more',
    criteria: [`${printers}, sni: required, ${lasting}`],
    says: /belongs into an entry of its own/,
  },
  {
    it: 'a certificate of nobody',
    criteria: ['name: a, ports: [25], client_certificate: required'],
    says: /needs authorities_file/,
  },
  {
    it: 'authorities for nothing',
    criteria: ['name: a, ports: [25], sni: required, authorities_file: a'],
    says: /needs client_certificate: required/,
  },
  {
    it: 'ciphers that are none',
    criteria: ['name: a, ports: [25], ciphers: garbage'],
    says: /OpenSSL knows no such cipher suites/,
  },
];

void describe('settings of TLS that cannot be meant', () => {
  for (const { it: title, says, ...scene } of mistakes) {
    void it(title, () => assert.throws(() => policyOf(scene), says));
  }
});
