import assert from 'node:assert/strict';
import { getCiphers } from 'node:tls';
import { describe, it } from 'node:test';
import { commonSuites, hasSuite, isCipherList } from '../../../plugins/core/criteria/cipher-list.ts';
import { hasForwardSecrecy, presets } from '../../../plugins/core/criteria/presets.ts';

const suites = getCiphers().map((name) => name.toUpperCase());

function inList(list: string): string[] {
  return suites.filter((suite) => !suite.startsWith('TLS_') && hasSuite(list, suite)).sort();
}

const gcm = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'];

const lists: readonly { list: string; has: readonly string[] }[] = [
  { list: 'AES128-SHA', has: ['AES128-SHA'] },
  { list: 'ALL:!ECDHE:!DHE:!RSA:!PSK:!SRP:AES128-SHA256', has: [] },
  { list: 'ECDHE+ECDSA+AESGCM', has: gcm },
  { list: 'ECDHE+ECDSA+AESGCM:!AES256', has: gcm.slice(0, 1) },
  { list: '@SECLEVEL=0:ECDHE+ECDSA+AESGCM', has: gcm },
  { list: 'TLS_AES_256_GCM_SHA384', has: [] },
  { list: 'garbage', has: [] },
  {
    list: presets.intermediate.ciphers,
    has: [
      ...gcm,
      'ECDHE-ECDSA-CHACHA20-POLY1305',
      'ECDHE-RSA-AES128-GCM-SHA256',
      'ECDHE-RSA-AES256-GCM-SHA384',
      'ECDHE-RSA-CHACHA20-POLY1305',
    ],
  },
];

void describe('a list of cipher suites', () => {
  for (const { list, has } of lists) {
    void it(`${list} has ${has.length}`, () => assert.deepEqual(inList(list), [...has]));
  }

  void it('has all of TLS 1.3, unless it names some', () => {
    assert.equal(hasSuite('AES128-SHA', 'TLS_AES_128_GCM_SHA256'), true);
    assert.equal(hasSuite('TLS_AES_256_GCM_SHA384:AES128-SHA', 'TLS_AES_128_GCM_SHA256'), false);
    assert.equal(hasSuite('TLS_AES_256_GCM_SHA384:AES128-SHA', 'TLS_AES_256_GCM_SHA384'), true);
  });

  void it('has no suite that nobody can name', () => {
    assert.equal(hasSuite('ALL', 'ECDHE-ECDSA-AES128-CCM8'), false);
    assert.equal(hasSuite('ALL', 'NULL-SHA256'), false);
  });

  void it('of the preset for old devices has RSA and CBC, and nothing without authentication or encryption', () => {
    const { ciphers } = presets['legacy-device'];
    const has = inList(ciphers);
    for (const suite of ['AES128-SHA', 'AES256-GCM-SHA384', 'ECDHE-RSA-AES128-SHA', 'DHE-RSA-AES256-SHA'])
      assert.ok(has.includes(suite), suite);
    assert.deepEqual(
      has.filter((suite) => /PSK|SRP|NULL|^A(?:DH|ECDH)|CCM/.test(suite)),
      [],
    );
    assert.ok(has.some((suite) => !hasForwardSecrecy({ version: 'TLSv1.2', cipher: suite })));
  });

  void it('has in common with others what stands in all of them', () => {
    assert.equal(commonSuites('ECDHE+AESGCM', []), 'ECDHE+AESGCM');
    const common = commonSuites(presets['legacy-device'].ciphers, ['kECDHE:kDHE', 'ECDSA+AESGCM']);
    assert.deepEqual(inList(common), gcm);
    const newer = commonSuites('TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:ECDHE+AESGCM', [
      'TLS_AES_128_GCM_SHA256:ECDHE+AESGCM',
    ]);
    assert.ok(newer.startsWith('TLS_AES_128_GCM_SHA256:ECDHE'), newer);
    assert.equal(isCipherList(commonSuites('ECDHE+AESGCM', ['RSA+AESGCM'])), false);
  });
});
