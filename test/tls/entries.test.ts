import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideTls } from '../../plugins/tls/decide.ts';
import {
  certified,
  factsOf,
  gcm,
  modern,
  none,
  now,
  old,
  policyOf,
  printers,
  rsa,
  said,
  strict,
  type Session,
} from './scene.ts';

const entries: readonly (Session & { readonly it: string; readonly says: RegExp })[] = [
  {
    it: 'lets an exception pass',
    criteria: [`${printers}, expires: 2026-06-15`],
    from: '198.51.100.7',
    is: old,
    says: /^pass/,
  },
  {
    it: 'lets nobody else pass by it',
    criteria: [`${printers}, expires: 2026-06-15`],
    is: old,
    says: /^tls-below-criteria: tls: TLSv1.2/,
  },
  {
    it: 'names an exception that has expired',
    criteria: [`${printers}, expires: 2026-06-14`],
    from: '198.51.100.7',
    is: old,
    says: /^tls-below-criteria: tls: TLSv1.2 or newer is needed, not TLSv1; TLS exception printers expired on 2026-06-14; ask x \/ TLSv1.2 or newer is needed, not TLSv1$/,
  },
  {
    it: 'takes of two exceptions the stricter one',
    criteria: [
      `${printers}, expires: 2099-01-01`,
      'name: b, exception: modern, ports: [587], expires: 2099-01-01',
    ],
    from: '198.51.100.7',
    is: ['TLSv1.2', gcm],
    says: /^tls-below-criteria: b: TLSv1.3/,
  },
  {
    it: 'keeps what entries ask for beside an exception',
    criteria: [`${printers}, expires: 2099-01-01`, strict],
    from: '198.51.100.7',
    is: old,
    says: /^tls-below-criteria: strict: TLSv1.3/,
  },
  {
    it: 'asks more on a port',
    criteria: [strict],
    is: ['TLSv1.2', gcm],
    says: /^tls-below-criteria: strict: TLSv1.3/,
  },
  { it: 'asks it on no other port', criteria: [strict], port: 465, is: ['TLSv1.2', gcm], says: /^pass/ },
  {
    it: 'asks no more after the last day',
    criteria: [`${strict}, expires: 2026-06-14`],
    is: ['TLSv1.2', gcm],
    says: /^pass/,
  },
  {
    it: 'needs TLS where an entry asks for some, on MX too',
    criteria: ['name: m, ports: [25], min_version: TLSv1.2'],
    role: 'mx',
    port: 25,
    is: 'in clear',
    says: /^tls-missing: asked for by m/,
  },
  {
    it: 'asks of a network on MX',
    criteria: ['name: n, networks: [192.0.2.0/24], forward_secrecy: required'],
    role: 'mx',
    port: 25,
    is: rsa,
    says: /^tls-below-criteria: n: forward secrecy/,
  },
  {
    it: 'needs both scopes to be met',
    criteria: ['name: n, networks: [192.0.2.0/24], ports: [465], forward_secrecy: required'],
    role: 'mx',
    port: 25,
    is: rsa,
    says: /^skip/,
  },
  {
    it: 'asks for SNI',
    criteria: ['name: s, ports: [587], sni: required'],
    is: modern,
    says: /^tls-below-criteria: s: the client has to name the server/,
  },
  {
    it: 'is content with SNI',
    criteria: ['name: s, ports: [587], sni: required'],
    is: modern,
    sni: 'gw.corp.example',
    says: /^pass/,
  },
  {
    it: 'asks nobody for a certificate before the login',
    criteria: [certified],
    is: modern,
    certificate: none,
    says: /^pass/,
  },
  {
    it: 'asks an account for a certificate',
    criteria: [certified],
    is: modern,
    criteriaOf: [],
    certificate: none,
    says: /^tls-below-criteria: certified: it shows none \/ none was shown$/,
  },
  { it: 'is content with a good one', criteria: [certified], is: modern, criteriaOf: [], says: /^pass/ },
  {
    it: 'defers where nobody knows whether it is revoked',
    criteria: [certified],
    is: modern,
    criteriaOf: [],
    certificate: { detail: 'old list' },
    says: /^tls-criteria-unclear: certified: old list/,
  },
  {
    it: 'refuses for good before it defers',
    criteria: [certified, strict],
    is: ['TLSv1.2', gcm],
    criteriaOf: [],
    certificate: { detail: 'old list' },
    says: /^tls-below-criteria: strict/,
  },
  {
    it: 'asks what the directory says, by an entry',
    criteria: ['name: vip, min_version: TLSv1.3'],
    is: ['TLSv1.2', gcm],
    criteriaOf: ['VIP'],
    says: /^tls-below-criteria: vip: TLSv1.3/,
  },
  {
    it: 'asks it of nobody else',
    criteria: ['name: vip, min_version: TLSv1.3'],
    is: ['TLSv1.2', gcm],
    criteriaOf: [],
    says: /^pass/,
  },
  {
    it: 'asks what the directory says, by a preset',
    is: ['TLSv1.2', gcm],
    criteriaOf: ['modern'],
    says: /^tls-below-criteria: modern: TLSv1.3/,
  },
  {
    it: 'defers what the directory says and nobody understands',
    is: modern,
    criteriaOf: ['modren'],
    says: /^tls-criteria-unclear: directory.tls_attribute: "modren" is no entry/,
  },
  {
    it: 'does not take an exception from the directory',
    criteria: [`${printers}, expires: 2099-01-01`],
    is: modern,
    criteriaOf: ['printers'],
    says: /^tls-criteria-unclear/,
  },
  {
    it: 'forgets an entry that has expired, in the directory too',
    criteria: ['name: vip, min_version: TLSv1.3, expires: 2026-06-14'],
    is: ['TLSv1.2', gcm],
    criteriaOf: ['vip'],
    says: /^pass/,
  },
];

void describe('entries of tls_criteria, for a session', () => {
  for (const each of entries) {
    void it(each.it, () => {
      const verdict = decideTls(factsOf(each), policyOf(each), { now, lackOf: () => each.certificate });
      assert.match(said(verdict), each.says);
    });
  }
});
