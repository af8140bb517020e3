import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { defaultPlugins, GatewayFailed } from '../../scripts/demo/gateway.ts';
import { connectionIni, keepsResults } from '../dialogues/gateways.ts';
import { parseDialogue, play } from '../support/dialogue.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts';

const plugin = (name: string) => join(import.meta.dirname, '../haraka-plugins', `${name}.js`);

/** A gateway on a Haraka that differs from the one that the patches know, in one way of other-haraka.js. */
const different = (way: string, options: TestGatewayOptions = {}): TestGatewayOptions => ({
  ...options,
  first: [plugin('other-haraka'), ...(options.first ?? [])],
  config: { 'other-haraka': `${way}\n`, ...options.config },
});

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
      'transaction-end: *',
      'trace-fields: *',
    ],
  },
  {
    haraka: 'skip-list-elsewhere',
    says: ['never-skipped: expected a plugin of ours to run that is to be skipped'],
  },
  { haraka: 'header-lines-renamed', says: ['header-lines: *', 'trace-fields: *'] },
  {
    haraka: 'header-parsed-elsewhere',
    says: ['trace-fields: expected fields of a header to leave as they are read'],
  },
  { haraka: 'lines-unstuffed', says: ['header-lines: expected header lines to leave as they came'] },
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
  { haraka: 'certs-by-host-renamed', says: ['tls-context: expected certsByHost'] },
  {
    haraka: 'certs-by-host-a-copy',
    says: ['tls-context: expected STARTTLS to take secureContext from certsByHost'],
  },
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
    for (const { haraka, says, options } of refusals) {
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

/** What is left out, and what holds instead: a dialogue. */
const fallbacks: readonly {
  haraka: string;
  patch: string;
  options?: TestGatewayOptions;
  dialogue: string;
}[] = [
  ...['line-length-fixed', 'line-length-read-only'].map((haraka) => ({
    haraka,
    patch: 'line-length',
    dialogue: `# AUTH lines may be as long as any command, and Haraka itself answers longer ones
      connect implicit
      C: EHLO client.example
      S: 250 *
      C: AUTH PLAIN {plain alice@corp.example {repeat 600 x}}
      S: 521 Command line too long
      closed
      connect implicit
      login alice@corp.example pw-alice`,
  })),
  ...['mail-unchangeable', 'mail-not-answered'].map((haraka) => ({
    haraka,
    patch: 'mail-unauthenticated',
    options: { config: { 'connection.ini': connectionIni.replace('hosts[] =', 'hosts[] = 127.0.0.2') } },
    dialogue: `# MAIL without a login is refused all the same
      connect submission from 127.0.0.2
      C> PROXY TCP4 203.0.113.5 127.0.0.1 40000 587\\r\\n
      S: 220 *
      C: EHLO client.example
      S: 250 *
      C: MAIL FROM:<alice@corp.example>
      S: 5${haraka === 'mail-unchangeable' ? '50 Authentication required' : '30 5.7.0 *'}`,
  })),
  {
    haraka: 'challenges-in-two-writes',
    patch: 'empty-challenge',
    dialogue: `# The empty challenge has a space too many; a client that does not mind logs in all the same
      connect implicit
      C: EHLO client.example
      S: 250 *
      C: AUTH PLAIN
      S: 334 {repeat 1  }
      C: {plain alice@corp.example pw-alice}
      S: 235 2.7.0 *
      connect implicit
      login alice@corp.example pw-alice`,
  },
  {
    haraka: 'deny-parameters-of-another-form',
    patch: 'refusals-stand',
    options: { first: [plugin('hostile')] },
    dialogue: `# A message whose refusal was overridden is refused after DATA, by the gate
      connect submission
      login alice@corp.example pw-alice
      C: EHLO deny-ok.example
      S: 250 *
      C: MAIL FROM:<bob@corp.example>
      S: 250 *
      C: RCPT TO:<{id}@partner.example>
      S: 250 *
      C: DATA
      S: 354 *
      C> From: alice@corp.example\\r\\n\\r\\nx\\r\\n.\\r\\n
      S: 550 5.7.1 Message did not pass every check *
      not-delivered {id}@partner.example`,
  },
  {
    haraka: 'timeout-fixed',
    patch: 'queue-untimed',
    options: { last: [plugin('slow-queue')], settings: { deadline_seconds: 1 } },
    dialogue: `# Haraka answers before the message is queued
      connect submission
      login alice@corp.example pw-alice
      C: MAIL FROM:<alice@corp.example>
      S: 250 *
      C: RCPT TO:<{id}@partner.example>
      S: 250 *
      C: DATA
      S: 354 *
      C> From: alice@corp.example\\r\\n\\r\\nx\\r\\n.\\r\\n
      S: 450 plugin timeout *`,
  },
  {
    haraka: 'results-removed-one-by-one',
    patch: 'results-of-others',
    options: { config: keepsResults },
    dialogue: `# what others found does not leave where there is something of our own
      connect mx from 127.0.0.2
      C> PROXY TCP4 198.51.100.2 127.0.0.1 40000 {port mx}\\r\\n
      S: 220 *
      C: EHLO mx.partner.example
      S: 250 *
      C: MAIL FROM:<someone@partner.example>
      S: 250 *
      C: RCPT TO:<{id}@corp.example>
      S: 250 *
      C: DATA
      S: 354 *
      C> Authentication-Results: other.example; none\\r\\n\\r\\nx\\r\\n.\\r\\n
      S: 250 *
      delivered {id}@corp.example Authentication-Results: gw.corp.example;* ! other.example; none`,
  },
  ...['client-set-up-fixed', 'version-shown-elsewhere'].map((haraka) => ({
    haraka,
    patch: 'version-once',
    dialogue: `# the greeting is Haraka's own
      connect mx from 127.0.0.9
      S: 220 * ESMTP Haraka/3.*${haraka === 'client-set-up-fixed' ? '' : ' by others'} ready *`,
  })),
  {
    haraka: 'host-asked-otherwise',
    patch: 'host-name-kept',
    dialogue: `# replies are as ever
      connect submission
      C: EHLO client.example
      S: 250 *`,
  },
  {
    haraka: 'spooling-renamed',
    patch: 'never-spooled',
    dialogue: `# a message leaves as ever
      connect submission
      login alice@corp.example pw-alice
      C: MAIL FROM:<alice@corp.example>
      S: 250 *
      C: RCPT TO:<{id}@partner.example>
      S: 250 *
      C: DATA
      S: 354 *
      C> From: alice@corp.example\\r\\n\\r\\nx\\r\\n.\\r\\n
      S: 250 Message queued *`,
  },
];

void describe('a patch for comfort that does not work is left out, with one line', { concurrency: 3 }, () => {
  for (const { haraka, patch, options, dialogue } of fallbacks) {
    void it(`${haraka}: ${dialogue.split('\n')[0]?.slice(2)}`, async () => {
      const gateway = await startTestGateway(different(haraka, options));
      try {
        assert.deepEqual(leftOut(gateway), [patch]);
        const steps = dialogue.replaceAll(/^ +/gm, '');
        await play(parseDialogue(steps), gateway, `fallback-${haraka}`);
      } finally {
        await gateway.stop();
      }
    });
  }
});

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

/** The patches that the log says are left out, each time it says so. */
function leftOut(gateway: TestGateway): string[] {
  const lines = gateway.log().matchAll(/is not as the patch (\S+) needs it: .*; it is left out: /g);
  return [...lines].map(([, patch]) => patch ?? '');
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
