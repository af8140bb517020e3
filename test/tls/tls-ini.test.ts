import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSettings } from '../../plugins/core/settings/file.ts';
import { tlsIniProblems, withoutUnwanted } from '../../plugins/tls/tls-ini.ts';

type Ini = Parameters<typeof tlsIniProblems>[0];

/** What would undo the policy: the key, and the word that says why. */
const refused: readonly { ini: Ini; says: RegExp; mx?: 'required' }[] = [
  {
    ini: { no_tls_hosts: { '192.0.2.1': undefined } },
    says: /\[no_tls_hosts\] 192\.0\.2\.1: .*registered_networks/,
  },
  { ini: { redis: { disable_for_failed_hosts: true } }, says: /\[redis\] disable_for_failed_hosts: / },
  { ini: { redis: { disable_for_failed_hosts: 'yes' } }, says: /\[redis\] disable_for_failed_hosts: / },
  { ini: { main: { requireAuthorized: [465] } }, says: /\[main\] requireAuthorized: .*itself/ },
  { ini: { main: { requireAuthorized: 465 } }, says: /\[main\] requireAuthorized: / },
  { ini: { main: { rejectUnauthorized: true } }, says: /\[main\] rejectUnauthorized: .*\[outbound\]/ },
  { ini: { 'other.example': { rejectUnauthorized: true } }, says: /\[other\.example\] rejectUnauthorized: / },
  { ini: { main: { maxVersion: 'TLSv1.2' } }, says: /\[main\] maxVersion: Haraka ignores it/ },
  { ini: { 'other.example': { maxVersion: 'TLSv1.2' } }, says: /\[other\.example\] maxVersion: / },
  { ini: { main: { secureProtocol: 'TLSv1_method' } }, says: /\[main\] secureProtocol: / },
  { ini: { main: { secureOptions: 4 } }, says: /\[main\] secureOptions: / },
  { ini: { main: { ecdhCurve: 'prime192v1' } }, says: /\[main\] ecdhCurve: / },
  { ini: { main: { ecdhCurve: 'X25519:secp160r1' } }, says: /\[main\] ecdhCurve: / },
  { ini: { main: { no_starttls_ports: [587] } }, says: /\[main\] no_starttls_ports\[\]: on port 587 / },
  { ini: { main: { no_starttls_ports: ['25'] } }, mx: 'required', says: /on port 25 / },
];

const harmless: Readonly<Record<string, Ini>> = {
  'an empty file': {},
  'what Haraka puts in the place of what is not there': {
    main: {
      requestCert: true,
      rejectUnauthorized: false,
      honorCipherOrder: true,
      requireAuthorized: [],
      no_starttls_ports: [],
    },
    redis: { disable_for_failed_hosts: false },
    no_tls_hosts: {},
  },
  'what the policy sets by itself': {
    main: { ciphers: 'ALL', minVersion: 'TLSv1', honorCipherOrder: false },
  },
  'what is for mail that leaves': {
    outbound: { rejectUnauthorized: true, maxVersion: 'TLSv1.2', no_tls_hosts: ['192.0.2.1'] },
    mutual_auth_hosts: { 'mx.partner.example': undefined },
  },
  'curves that are strong': { main: { ecdhCurve: 'X25519:P-256:secp384r1' } },
  'the usual': { main: { ecdhCurve: 'auto' } },
  'a port of an MX where TLS is only offered': { main: { no_starttls_ports: [25] } },
};

function policyOf(mx = 'opportunistic') {
  return parseSettings(
    `protected_domains: [corp.example]\nhelp_text: x\ntls: { mx: ${mx} }\n` +
      'directory: { urls: ["ldaps://ldap.corp.example"], bind_dn: cn=x, bind_password_file: x, base: dc=x }\n',
    'gatekeeper.yaml',
  ).policy;
}

void describe('tls.ini', () => {
  for (const { ini, says, mx } of refused) {
    void it(`is refused with ${JSON.stringify(ini)}`, () => {
      const problems = tlsIniProblems(ini, policyOf(mx));
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', says);
      assert.match(problems[0] ?? '', /^config\/tls\.ini: /);
      assert.deepEqual(tlsIniProblems(withoutUnwanted(ini), policyOf(mx)), [], 'without its mistakes');
    });
  }

  for (const [what, ini] of Object.entries(harmless)) {
    void it(`may have ${what}`, () => {
      assert.deepEqual(tlsIniProblems(ini, policyOf()), []);
    });
  }
});
