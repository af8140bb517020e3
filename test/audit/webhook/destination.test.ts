import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openDestination } from '../../../plugins/audit/webhook/destination.ts';
import { parseSettings } from '../../../plugins/core/settings/file.ts';
import { shownUrl, type WebhookSettings } from '../../../plugins/core/settings/webhook.ts';

function settingsOf(webhook: object): WebhookSettings | undefined {
  const text = JSON.stringify({ roles: ['mx'], audit: { webhook } });
  return parseSettings(text, 'gatekeeper.yaml').policy.audit.webhook;
}

void describe('the settings of a webhook', () => {
  void it('have defaults', () => {
    const url = 'https://siem.example/in';
    assert.deepEqual(settingsOf({ url }), { url, events: 'adverse', timeout_seconds: 10 });
  });

  for (const url of [
    'http://127.0.0.1:1/',
    'http://[::1]:1/',
    'http://localhost/x',
    'https://a.example?x=y',
  ]) {
    void it(`may send to ${url}`, () => assert.equal(settingsOf({ url })?.url, url));
  }

  const url = 'https://siem.example/';
  const mistakes: readonly { readonly settings: object; readonly says: RegExp }[] = [
    { settings: { url: 'http://siem.example/' }, says: /audit\.webhook\.url: expected https:\/\// },
    { settings: { url: 'https://user:pw-secret@siem.example/' }, says: /without a login in it/ },
    { settings: { url: 'ftp://siem.example/' }, says: /expected https/ },
    { settings: {}, says: /audit\.webhook\.url/ },
    { settings: { url, events: [] }, says: /audit\.webhook\.events/ },
    { settings: { url, events: ['nonsense'] }, says: /audit\.webhook\.events/ },
    { settings: { url, timeout_seconds: 3600 }, says: /timeout_seconds/ },
    {
      settings: { url: 'http://127.0.0.1/', ca_file: 'x' },
      says: /ca_file: is for a url that begins with https/,
    },
  ];
  for (const { settings, says } of mistakes) {
    void it(`are refused: ${JSON.stringify(settings)}`, () => {
      assert.throws(
        () => settingsOf(settings),
        ({ message }: Error) => says.test(message) && !message.includes('pw-secret'),
      );
    });
  }

  void it('show no more of a URL than its host', () => {
    assert.equal(shownUrl('https://hooks.example:8443/T0/B0/secret?token=x'), 'https://hooks.example:8443/…');
    assert.equal(shownUrl('https://hooks.example'), 'https://hooks.example/');
  });
});

void describe('the secrets of a webhook', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatekeeper-webhook-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  function open(key: 'secret_file' | 'authorization_file', content: string, mode = 0o600) {
    writeFileSync(join(folder, 'file'), content);
    chmodSync(join(folder, 'file'), mode);
    const settings = settingsOf({ url: 'https://siem.example/', [key]: 'file' });
    assert.ok(settings);
    return openDestination(settings, folder);
  }

  void it('are a key as it stands there, or as Standard Webhooks writes one', () => {
    const bytes = Buffer.from('0123456789abcdef0123456789');
    const hex = (key: Buffer) => key.toString('hex');
    assert.equal(open('secret_file', `${bytes.toString()}\n`).key?.reveal(hex), hex(bytes));
    const encoded = `whsec_${bytes.toString('base64')}`;
    assert.equal(open('secret_file', encoded).key?.reveal(hex), hex(bytes));
  });

  void it('are not shown', () => {
    const destination = open('authorization_file', 'Bearer t0p');
    assert.equal(destination.authorization?.reveal(String), 'Bearer t0p');
    assert.doesNotMatch(JSON.stringify(destination), /t0p/);
  });

  const mistakes = [
    { key: 'secret_file', content: 'short', says: /holds a key of less than 16 octets$/ },
    { key: 'secret_file', content: 'whsec_c2hvcnQ=', says: /holds a key of less than 16 octets$/ },
    { key: 'secret_file', content: '\n', says: /is empty: it must hold the key that signs/ },
    { key: 'secret_file', content: 'x'.repeat(32), mode: 0o644, says: /can be read by everybody/ },
    { key: 'authorization_file', content: 'Bearer x\nX-Other: y', says: /must hold one line/ },
    { key: 'authorization_file', content: 'Bearer \u00e4', says: /must hold one line/ },
  ] as const;
  for (const { key, content, says, ...rest } of mistakes) {
    void it(`are refused: ${key} with ${JSON.stringify(content)}`, () => {
      assert.throws(() => open(key, content, 'mode' in rest ? rest.mode : 0o600), { message: says });
    });
  }
});
