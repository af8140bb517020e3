import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { alice, greeted, send } from './traffic.ts';

/** How checks.js misbehaves, and in words what each way is. */
const faults = {
  throws: 'throws',
  'throws-nothing': 'throws undefined',
  rejects: 'rejects',
  'rejects-nothing': 'rejects with undefined',
  hangs: 'never answers',
  late: 'passes after the deadline',
  nothing: 'returns nothing',
  'says-true': 'returns true',
  'resolves-nothing': 'resolves to nothing',
  twice: 'answers twice, first with nothing',
  'throwing-thenable': 'throws when it is awaited',
  'throwing-getter': 'throws when its answer is looked at',
  'kind-getter': 'throws when its verdict is read',
  'unknown-kind': 'returns a verdict of no known kind',
  'unknown-reason': 'refuses for a reason that no table has',
  'unknown-reason-later': 'resolves to a refusal for a reason that no table has',
  'no-reason': 'defers without a reason',
} as const;

const stages = ['mail', 'rcpt', 'unclaimed', 'message', 'accept', 'queue', 'outbound', 'gate'] as const;
type Stage = (typeof stages)[number];

/** Only mail without a login meets the stages `unclaimed` and `queue`. */
const inbound: readonly Stage[] = ['unclaimed', 'queue'];

void describe('a faulty check is a temporary fault of ours, and nothing goes out', () => {
  let gateway: TestGateway;
  before(async () => {
    const checks = join(import.meta.dirname, '../haraka-plugins/checks.js');
    gateway = await startTestGateway({ first: [checks], settings: { deadline_seconds: 2 } });
  });
  after(() => gateway.stop());

  for (const stage of stages) {
    void describe(`at stage ${stage}, when it`, { concurrency: 4 }, () => {
      for (const [fault, words] of Object.entries(faults)) {
        void it(words, async () => {
          const recipient = `${fault}-${stage}`;
          const isInbound = inbound.includes(stage);
          const client = isInbound
            ? await greeted({ port: gateway.ports.mx })
            : await alice({ port: gateway.ports.submission });
          const address = (tag: string) => (isInbound ? `x${tag}@other.example` : `alice${tag}@corp.example`);
          const domain = stage === 'queue' ? 'corp.example' : 'partner.example';
          const reply = await send(client, {
            from: address(`+${stage}.${fault}`),
            to: `${recipient}@${domain}`,
          });
          assert.match(reply.text, new RegExp(`^451 4\\.3\\.0 .*checks/${stage}\\)`));
          await client.command('RSET');
          const next = await send(client, { from: address(''), to: `next-${recipient}@corp.example` });
          assert.match(next.text, /^250 /, 'the session must go on');
          client.destroy();
          const received = gateway.delivered().flatMap(({ envelope }) => envelope.to);
          assert.deepEqual(
            received.filter((each) => each.startsWith(recipient)),
            [],
          );
        });
      }
    });
  }
});
