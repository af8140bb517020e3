import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideDomains, decideTls } from '../../plugins/tls/decide.ts';
import { factsOf, gcm, modern, now, old, policyOf, rsa, said, type Session } from './scene.ts';

const sessions: readonly (Session & { readonly it: string; readonly says: RegExp })[] = [
  { it: 'refuses submission in clear', is: 'in clear', says: /^tls-missing/ },
  { it: 'leaves a public MX alone (RFC 3207 §4)', role: 'mx', is: 'in clear', says: /^skip/ },
  {
    it: 'refuses MX in clear where TLS is required',
    role: 'mx',
    tls: 'mx: required',
    is: 'in clear',
    says: /^tls-missing/,
  },
  { it: 'accepts TLS 1.2', is: ['TLSv1.2', gcm], says: /^pass/ },
  { it: 'accepts TLS 1.3', is: modern, says: /^pass/ },
  {
    it: 'refuses TLS 1.1',
    is: ['TLSv1.1', gcm],
    says: /^tls-below-criteria: tls: TLSv1.2 or newer is needed, not TLSv1.1/,
  },
  { it: 'refuses a protocol that it does not know', is: ['SSLv3', gcm], says: /not SSLv3/ },
  {
    it: 'refuses TLS 1.2 where 1.3 is the oldest',
    tls: 'min_version: TLSv1.3',
    is: ['TLSv1.2', gcm],
    says: /TLSv1.3 or newer/,
  },
  {
    it: 'refuses TLS 1.2 where the preset is modern',
    tls: 'preset: modern',
    is: ['TLSv1.2', gcm],
    says: /TLSv1.3 or newer/,
  },
  {
    it: 'refuses a key exchange without forward secrecy',
    is: rsa,
    says: /forward secrecy is needed, AES256-GCM-SHA384 has none/,
  },
  {
    it: 'refuses a suite that is not in the list',
    tls: 'ciphers: ECDHE+CHACHA20',
    is: ['TLSv1.2', gcm],
    says: /cipher suite ECDHE-RSA-AES256-GCM-SHA384 is not accepted/,
  },
  { it: 'refuses CBC', is: ['TLSv1.2', 'ECDHE-RSA-AES128-SHA256'], says: /is not accepted/ },
  {
    it: 'accepts what old devices speak where the preset says so',
    tls: 'preset: legacy-device',
    is: old,
    says: /^pass/,
  },
  {
    it: 'holds a preset to an oldest protocol',
    tls: 'preset: legacy-device, min_version: TLSv1.1',
    is: old,
    says: /TLSv1.1 or newer/,
  },
];

void describe('TLS criteria of a session', () => {
  for (const each of sessions) {
    void it(each.it, () => {
      const verdict = decideTls(factsOf(each), policyOf(each), { now, lackOf: () => each.certificate });
      assert.match(said(verdict), each.says);
    });
  }
});

const bank = 'name: bank, sender_domains: [bank.example, "*.bank.example"], min_version: TLSv1.3';
const onMx = { role: 'mx', port: 25 } as const;

const mails: readonly (Session & { readonly it: string; readonly of: string; readonly says: RegExp })[] = [
  {
    it: 'in clear',
    ...onMx,
    is: 'in clear',
    of: 'bank.example',
    says: /^tls-below-criteria: bank: bank.example: TLS is needed, and this connection is in clear \/ mail from bank.example: TLS is needed/,
  },
  {
    it: 'with too little',
    ...onMx,
    is: ['TLSv1.2', gcm],
    of: 'bank.example',
    says: /mail from bank.example: TLSv1.3 or newer is needed, not TLSv1.2$/,
  },
  { it: 'with enough', ...onMx, is: modern, of: 'bank.example', says: /^pass/ },
  { it: 'from a domain below', ...onMx, is: 'in clear', of: 'a.bank.example', says: /^tls-below-criteria/ },
  { it: 'from another domain', ...onMx, is: 'in clear', of: 'notbank.example', says: /^skip/ },
  {
    it: 'from a domain whose name ends the same',
    ...onMx,
    is: 'in clear',
    of: 'xbank.example',
    says: /^skip/,
  },
  { it: 'of a node of ours', ...onMx, is: 'in clear', of: 'bank.example', peer: 'node', says: /^skip/ },
  {
    it: 'of a trusted relay',
    ...onMx,
    is: 'in clear',
    of: 'bank.example',
    peer: 'trusted_relay',
    says: /^tls-below-criteria/,
  },
];

void describe('TLS criteria of a sender domain, for mail', () => {
  for (const each of mails) {
    void it(each.it, () => {
      const policy = policyOf({ criteria: [bank] });
      const verdict = decideDomains([each.of], factsOf(each), policy, { now, lackOf: () => undefined });
      assert.match(said(verdict), each.says);
    });
  }

  void it('without sub-domains, where they are not named', () => {
    const policy = policyOf({ criteria: ['name: b, sender_domains: [bank.example], sni: required'] });
    const facts = factsOf({ is: 'in clear', ...onMx });
    assert.equal(
      decideDomains(['a.bank.example'], facts, policy, { now, lackOf: () => undefined }).kind,
      'skip',
    );
  });
});
