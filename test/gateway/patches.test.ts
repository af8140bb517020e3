import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { defaultPlugins } from '../../scripts/demo/gateway.ts';
import { refusalPrefix } from '../../plugins/core/self-check.ts';
import { parseDialogue, play } from '../support/dialogue.ts';
import { different, leftOut } from './other-haraka.ts';
import {
  refusalsOf,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/gateway.ts';

/** What asks for haraka-plugin-spf to be hardened. */
const hardened: TestGatewayOptions = {
  plugins: ['spf', ...defaultPlugins],
  settings: { spf: { harden_spf_plugin: true } },
};

/** A Haraka that is another one in one way, and what stops its start: the patch, and what it misses. */
type Refused = Readonly<Record<string, readonly string[]>>;

/** One start each: those of one are told together, as no two of them stop the same patch. */
const starts: readonly { harakas: Refused; options?: TestGatewayOptions }[] = [
  {
    harakas: {
      'create-transaction-renamed': [
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
  },
  {
    harakas: {
      'header-lines-renamed': [
        'header-lines: *',
        'stray-octets: *',
        'message-size: *',
        'trace-fields: *',
        'bounces-known: *',
      ],
      'cleartext-elsewhere': ['client-socket: *', 'tls-context: *'],
      'process-data-renamed': ['held-input: expected a method process_data', 'auth-lines: *'],
      'log-line-of-another-form': ['redact-log: expected no secret in * C: AUTHE PLAIN … state=1'],
      'get-mx-answer-renamed': ['delivery-guard: expected a method get_mx_respond'],
      'process-delivery-renamed': ['queue-files: expected a method process_delivery'],
    },
  },
  {
    harakas: {
      'lines-unstuffed': ['header-lines: expected header lines to leave as they came'],
      'process-line-unused': [
        'held-input: expected held lines to be read in order',
        'auth-lines: expected AUTH, a line of its exchange and a command to be told apart',
      ],
      'log-item-of-another-form': ['redact-log: expected no secret in * C: AUTHE PLAIN … state=1'],
      'get-mx-answered-elsewhere': ['delivery-guard: expected a delivery of what was taken out to end'],
      'queue-header-of-another-form': ['queue-files: expected the header of a file to be written'],
      'bounce-text-renamed': [
        'bounces-known: expected a method populate_bounce_message',
        'bounces-kept: expected a method populate_bounce_message',
      ],
      'certs-by-host-renamed': [
        'certificate-files: expected certsByHost',
        'tls-context: expected certsByHost',
      ],
    },
  },
  {
    harakas: {
      'skip-list-elsewhere': ['never-skipped: expected a plugin of ours to run that is to be skipped'],
      'header-parsed-elsewhere': ['trace-fields: expected fields of a header to leave as they are read'],
      'buffer-elsewhere': ['held-input: expected held lines to be read in order'],
      'process-line-renamed': ['auth-lines: expected a method process_line'],
      'bounces-sent-later': ['bounces-known: expected a bounce to be sent by a transaction of its own'],
      'certs-by-host-a-copy': ['tls-context: expected STARTTLS to take secureContext from certsByHost'],
      'get-certs-dir-renamed': ['certificate-files: *get_certs_dir*'],
    },
  },
  {
    harakas: {
      'received-of-another-form': ['received-line: expected a Received field by this host'],
      'proxy-always-allowed': ['proxy-once: expected a second PROXY line to be refused'],
      'hooks-not-cancelled': [
        'transaction-end: expected the running hook of a transaction that is ended to be cancelled',
      ],
      'load-tls-ini-renamed': ['tls-context: *load_tls_ini*'],
    },
  },
  {
    harakas: { 'spf-words-differ': ['harden-spf-plugin: expected result 1 to be None'] },
    options: hardened,
  },
  {
    harakas: { 'spf-checked-elsewhere': ['harden-spf-plugin: expected HELO to be checked'] },
    options: hardened,
  },
];

/** What stops the start, as a page of the documentation shows it. */
function documentedIn(page: string): string | undefined {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8');
  return /^gatekeeper refuses to start: .*$/m.exec(text)?.[0];
}

/** The lines that say what stops the start. */
async function refusedStart(harakas: Refused, options?: TestGatewayOptions): Promise<string[]> {
  const refusals = await refusalsOf(different(Object.keys(harakas), options));
  return refusals.map((refusal) => refusalPrefix + refusal);
}

const withoutProduct = (line: string) =>
  line.replace(/^.* (?:Haraka|haraka-plugin-spf) \S+ is not as the patch (\S+) needs it/, '$1');

void describe(
  'a Haraka on which a patch for security does not work stops the start',
  { concurrency: 3 },
  () => {
    // What a self-test finds in Haraka does not depend on Node.js.
    for (const { harakas, options } of process.env['CROSS_SECTION'] === 'node' ? [] : starts) {
      let start: Promise<string[]> | undefined;
      for (const [haraka, says] of Object.entries(harakas)) {
        void it(haraka, async () => {
          const lines = await (start ??= refusedStart(harakas, options));
          const own = lines.filter((line) => isSaid(says, withoutProduct(line)));
          const said = own.map(withoutProduct);
          assert.equal(said.length, says.length, lines.join('\n'));
          for (const [index, pattern] of says.entries()) assert.match(said[index] ?? '', wildcard(pattern));
          const expected = Object.values(harakas).flat();
          assert.deepEqual(
            lines.filter((line) => !isSaid(expected, withoutProduct(line))),
            [],
          );
          if (haraka === 'lines-unstuffed') {
            // There of another version.
            const shown = documentedIn('haraka-internals.md');
            assert.equal(own[0]?.replace(/(: Haraka) \S+/, '$1 3.3.3'), shown);
          }
          if (haraka === 'spf-words-differ') assert.equal(own[0], documentedIn('migrate/spf.md'));
        });
      }
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
    gateway = await startTestGateway(different(['another-version']));
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

function isSaid(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => wildcard(pattern).test(text));
}

function wildcard(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
