import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { defaultPlugins, GatewayFailed } from '../../scripts/demo/gateway.ts';
import { parseDialogue, play } from '../support/dialogue.ts';
import { different, leftOut } from './other-haraka.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts';

/** What asks for haraka-plugin-spf to be hardened. */
const hardened: TestGatewayOptions = {
  plugins: ['spf', ...defaultPlugins],
  settings: { spf: { harden_spf_plugin: true } },
};

/** What stops the start: the patch, and what it misses. */
const refusals: readonly { haraka: string; says: readonly string[]; options?: TestGatewayOptions }[] = [
  {
    haraka: 'create-transaction-renamed',
    says: [
      'new-transactions: expected a method createTransaction',
      'never-skipped: *',
      'header-lines: *',
      'stray-octets: *',
      'message-size: *',
      'transaction-end: *',
      'trace-fields: *',
      'received-line: *',
      'bounces-known: *',
    ],
  },
  {
    haraka: 'skip-list-elsewhere',
    says: ['never-skipped: expected a plugin of ours to run that is to be skipped'],
  },
  {
    haraka: 'header-lines-renamed',
    says: ['header-lines: *', 'stray-octets: *', 'message-size: *', 'trace-fields: *', 'bounces-known: *'],
  },
  {
    haraka: 'header-parsed-elsewhere',
    says: ['trace-fields: expected fields of a header to leave as they are read'],
  },
  { haraka: 'lines-unstuffed', says: ['header-lines: expected header lines to leave as they came'] },
  {
    haraka: 'received-of-another-form',
    says: ['received-line: expected a Received field by this host'],
  },
  { haraka: 'proxy-always-allowed', says: ['proxy-once: expected a second PROXY line to be refused'] },
  {
    haraka: 'hooks-not-cancelled',
    says: ['transaction-end: expected the running hook of a transaction that is ended to be cancelled'],
  },
  { haraka: 'cleartext-elsewhere', says: ['client-socket: *', 'tls-context: *'] },
  { haraka: 'process-data-renamed', says: ['held-input: expected a method process_data', 'auth-lines: *'] },
  { haraka: 'buffer-elsewhere', says: ['held-input: expected held lines to be read in order'] },
  { haraka: 'process-line-renamed', says: ['auth-lines: expected a method process_line'] },
  {
    haraka: 'process-line-unused',
    says: [
      'held-input: expected held lines to be read in order',
      'auth-lines: expected AUTH, a line of its exchange and a command to be told apart',
    ],
  },
  {
    haraka: 'log-line-of-another-form',
    says: ['redact-log: expected no secret in * C: AUTHE PLAIN … state=1'],
  },
  {
    haraka: 'log-item-of-another-form',
    says: ['redact-log: expected no secret in * C: AUTHE PLAIN … state=1'],
  },
  { haraka: 'get-mx-answer-renamed', says: ['delivery-guard: expected a method get_mx_respond'] },
  {
    haraka: 'get-mx-answered-elsewhere',
    says: ['delivery-guard: expected a delivery of what was taken out to end'],
  },
  {
    haraka: 'process-delivery-renamed',
    says: ['queue-files: expected a method process_delivery'],
  },
  {
    haraka: 'queue-header-of-another-form',
    says: ['queue-files: expected the header of a file to be written'],
  },
  {
    haraka: 'bounce-text-renamed',
    says: [
      'bounces-known: expected a method populate_bounce_message',
      'bounces-kept: expected a method populate_bounce_message',
    ],
  },
  {
    haraka: 'bounces-sent-later',
    says: ['bounces-known: expected a bounce to be sent by a transaction of its own'],
  },
  {
    haraka: 'certs-by-host-renamed',
    says: ['certificate-files: expected certsByHost', 'tls-context: expected certsByHost'],
  },
  {
    haraka: 'certs-by-host-a-copy',
    says: ['tls-context: expected STARTTLS to take secureContext from certsByHost'],
  },
  { haraka: 'get-certs-dir-renamed', says: ['certificate-files: *get_certs_dir*'] },
  { haraka: 'load-tls-ini-renamed', says: ['tls-context: *load_tls_ini*'] },
  ...[
    { haraka: 'spf-words-differ', says: ['harden-spf-plugin: expected result 1 to be None'] },
    { haraka: 'spf-checked-elsewhere', says: ['harden-spf-plugin: expected HELO to be checked'] },
  ].map((each) => ({ ...each, options: hardened })),
];

/** What stops the start, as a page of the documentation shows it. */
function documentedIn(page: string): string | undefined {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8');
  return /^gatekeeper refuses to start: .*$/m.exec(text)?.[0];
}

void describe(
  'a Haraka on which a patch for security does not work stops the start',
  { concurrency: 3 },
  () => {
    // What a self-test finds in Haraka does not depend on Node.js.
    for (const { haraka, says, options } of process.env['CROSS_SECTION'] === 'node' ? [] : refusals) {
      void it(haraka, async () => {
        const failed = await startTestGateway(different(haraka, options)).then(
          async (gateway) => gateway.stop(),
          (error: unknown) => error,
        );
        assert.ok(failed instanceof GatewayFailed, 'the gateway starts');
        assert.equal(failed.exitCode, 78, failed.log);
        const lines = failed.log
          .split('\n')
          .filter((line) => line.startsWith('gatekeeper refuses to start: '));
        const said = lines.map((line) =>
          line.replace(/^.* (?:Haraka|haraka-plugin-spf) \S+ is not as the patch (\S+) needs it/, '$1'),
        );
        assert.equal(said.length, says.length, said.join('\n'));
        for (const [index, pattern] of says.entries()) assert.match(said[index] ?? '', wildcard(pattern));
        if (haraka === 'lines-unstuffed') {
          // There of another version.
          const shown = documentedIn('haraka-internals.md');
          assert.equal(lines[0]?.replace(/(: Haraka) \S+/, '$1 3.3.3'), shown);
        }
        if (haraka === 'spf-words-differ') assert.equal(lines[0], documentedIn('migrate/spf.md'));
      });
    }
  },
);

for (const nodes of [0, 2]) {
  void describe(`with nodes=${nodes}`, () => {
    void it('every patch works on this Haraka, and nothing is said of it', async () => {
      const gateway = await startTestGateway({ nodes });
      try {
        assert.deepEqual(leftOut(gateway), []);
        assert.doesNotMatch(gateway.log(), /self-tests/);
        const greeting = '# It greets as ever\nconnect mx from 127.0.0.9\nS: 220 * ESMTP Haraka/3.* ready *';
        await play(parseDialogue(greeting), gateway, `greeting-${nodes}`);
      } finally {
        await gateway.stop();
      }
    });
  });
}

void describe('a Haraka that was never tested', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway(different('another-version'));
  });
  after(() => gateway.stop());

  void it('serves when the self-tests pass, and says so once', () => {
    const said = [...gateway.log().matchAll(/\[NOTICE\].*\] (tested with Haraka .*)$/gm)].map(
      ([, text]) => text,
    );
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(
      said[0] ?? '',
      /^tested with Haraka [\d.]+( to [\d.]+)?, this is 3\.4\.0; the self-tests pass$/,
    );
  });
});

function wildcard(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
