import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { tlsListeners } from '../support/tls-session.ts';

const run = promisify(execFile);

/** What a scanner may find: key exchange with forward secrecy, encryption that authenticates (RFC 9325 §4.2). */
const strong =
  /^(?:TLS_(?:AES_(?:128|256)_GCM_SHA(?:256|384)|CHACHA20_POLY1305_SHA256)|(?:ECDHE|DHE)-.*(?:GCM-SHA(?:256|384)|CHACHA20-POLY1305))$/;

void describe('sslscan', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway();
  });
  after(() => gateway.stop());

  for (const listener of tlsListeners) {
    void it(`finds nothing below the policy on ${listener}`, { timeout: 120_000 }, async () => {
      const starttls = listener === 'implicit' ? [] : ['--starttls-smtp'];
      const target = `127.0.0.1:${gateway.ports[listener]}`;
      const { stdout: xml } = await run('sslscan', [
        '--xml=-',
        '--no-colour',
        '--show-certificate',
        ...starttls,
        target,
      ]);
      assert.deepEqual(
        attributesOf(xml, 'protocol').map(({ type, version, enabled }) => `${type}${version} ${enabled}`),
        ['ssl2 0', 'ssl3 0', 'tls1.0 0', 'tls1.1 0', 'tls1.2 1', 'tls1.3 1'],
      );
      const ciphers = attributesOf(xml, 'cipher').map(({ sslversion, cipher }) => `${sslversion} ${cipher}`);
      assert.ok(
        ciphers.some((each) => each.startsWith('TLSv1.2 ')),
        xml,
      );
      assert.ok(
        ciphers.some((each) => each.startsWith('TLSv1.3 ')),
        xml,
      );
      assert.deepEqual(
        ciphers.filter((each) => !strong.test(each.split(' ')[1] ?? '')),
        [],
      );
      assert.deepEqual(
        attributesOf(xml, 'heartbleed').filter(({ vulnerable }) => vulnerable !== '0'),
        [],
      );
      // Renegotiation that the client begins is not supported at all, or is that of RFC 5746.
      const { supported, secure } = attributesOf(xml, 'renegotiation')[0] ?? {};
      assert.ok(supported === '0' || secure === '1', xml);
    });
  }
});

/** The attributes of each element of this name. */
function attributesOf(xml: string, element: string): Readonly<Record<string, string>>[] {
  const elements = xml.matchAll(new RegExp(`<${element}\\s([^>]*?)/?>`, 'g'));
  return [...elements].map(([, attributes = '']) => {
    const pairs = [...attributes.matchAll(/(\w+)="([^"]*)"/g)];
    return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
  });
}
