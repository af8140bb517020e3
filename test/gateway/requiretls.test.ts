import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { QueueHeader } from '../../plugins/core/provenance/queue-file.ts';
import { readRecord, recordName, type ProvenanceRecord } from '../../plugins/core/provenance/record.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually, eventWith, startTestGateway, type TestGateway } from '../support/gateway.ts';
import type { SmtpReply } from '../support/smtp.ts';
import { plugin } from './other-haraka.ts';
import { startScene, type Scene } from './provenance-scene.ts';
import { alice } from './traffic.ts';

interface Case {
  readonly it: string;
  readonly from?: string;
  /** Behind the path, with a space. */
  readonly parameters?: string;
  readonly header?: string;
  readonly is: 'require' | 'no' | undefined;
}

const no = 'TLS-Required: No\r\n';

const cases: readonly Case[] = [
  { it: 'neither', is: undefined },
  { it: 'the parameter', parameters: ' REQUIRETLS', is: 'require' },
  { it: 'the header field', header: no, is: 'no' },
  { it: 'both, of which the parameter counts', parameters: ' REQUIRETLS', header: no, is: 'require' },
  { it: 'another value of the field', header: 'TLS-Required: Yes\r\n', is: undefined },
  { it: 'two fields', header: `${no}${no}`, is: undefined },
  { it: 'the parameter and the null reverse-path', from: '', parameters: ' REQUIRETLS', is: 'require' },
];

const secret = 'the body of the message';

/** Alice writes, on a session of her own. */
async function write(
  { test }: Pick<Scene, 'test'>,
  to: readonly string[],
  { from = 'alice@corp.example', parameters = '', header = '' }: Partial<Case> = {},
): Promise<SmtpReply> {
  const client = await alice({ port: test.ports.submission });
  for (const line of [`MAIL FROM:<${from}>${parameters}`, ...to.map((each) => `RCPT TO:<${each}>`), 'DATA']) {
    const reply = await client.command(line);
    assert.ok(reply.code < 400, reply.text);
  }
  client.write(`From: alice@corp.example\r\n${header}Subject: a secret\r\n\r\n${secret}\r\n.\r\n`);
  const reply = await client.reply(15_000);
  client.destroy();
  return reply;
}

/** The record in the file of the queue that is for a recipient. */
function recordFor(scene: Scene, recipient: string): ProvenanceRecord | undefined {
  for (const name of scene.queue()) {
    const header = headerOf(join(scene.test.dir, 'queue', name));
    const record = readRecord(header?.notes[recordName]);
    const isItsOwn = header?.rcpt_to.some(({ user, host }) => `${user}@${host}` === recipient);
    if (isItsOwn && typeof record !== 'string') return record;
  }
  return undefined;
}

/** Nothing, for a file that has got another name by a try. */
function headerOf(file: string): QueueHeader | undefined {
  try {
    const octets = readFileSync(file);
    return JSON.parse(octets.toString('utf8', 4, 4 + octets.readUInt32BE())) as QueueHeader;
  } catch {
    return undefined;
  }
}

for (const nodes of [0, 2]) {
  void describe(`what a sender wants of TLS, with nodes=${nodes}`, () => {
    let scene: Scene;
    before(async () => {
      // Nobody listens there: it stays in the queue.
      const config = { 'demo-route.ini': 'host=127.0.0.1\nport=1\n' };
      scene = await startScene({ nodes, config });
    });
    after(() => scene.stop());

    for (const [index, each] of cases.entries()) {
      const option = each.is ?? 'nothing';
      void it(`${each.it}: ${option} is kept with each piece, and told where it is accepted`, async () => {
        const to = ['one', 'two'].map((domain) => `later-${index}@${domain}.example`);
        const { text } = await write(scene, to, each);
        const [, id = ''] = /\(([0-9A-F-]+\.\d+)/.exec(text) ?? [];
        const { tls_option: told } = await eventWith(scene.test, { queue_id: id, accepted: true });
        assert.equal(told, each.is);
        for (const recipient of to) {
          const record = await eventually(`a file for ${recipient}`, () => recordFor(scene, recipient));
          assert.deepEqual([record.id, record.tls_option], [id, each.is]);
        }
      });
    }

    void it('is shown by trace', async () => {
      const { out } = await gatekeeper(['trace', 'later-1@one.example'], { haraka: scene.test.dir });
      assert.match(out, /^TLS on the way +required by the sender \(REQUIRETLS\)$/m);
    });
  });

  void describe(`a bounce of a message with REQUIRETLS, with nodes=${nodes}`, () => {
    let scene: Scene;
    before(async () => {
      const config = { 'outbound.ini': 'temp_fail_intervals=none\nlocal_mx_ok=true\n' };
      scene = await startScene({ nodes, config });
    });
    after(() => scene.stop());

    for (const [to, each] of [
      ['refused-1@one.example', { parameters: ' REQUIRETLS' }],
      ['refused-2@one.example', {}],
    ] as const) {
      const option = 'parameters' in each ? 'require' : undefined;
      void it(`${to}: has the header alone, and asks for ${option ?? 'nothing'} itself`, async () => {
        const { text } = await write(scene, [to], each);
        const [, id = ''] = /\(([0-9A-F-]+\.\d+)/.exec(text) ?? [];
        const { tls_option: told } = await eventWith(scene.test, {
          ...{ check: 'outbound/provenance', bounce_of: `${id}.1` },
        });
        assert.equal(told, option);
        const bounce = await eventually('the bounce', () =>
          scene.world.taken.find(({ lines }) => lines.includes(`Final-Recipient: rfc822;${to}`)),
        );
        assert.deepEqual([bounce.from, bounce.to], ['', ['alice@corp.example']]);
        assert.ok(bounce.lines.includes('Subject: a secret'));
        assert.ok(!bounce.lines.join('\n').includes(secret));
      });
    }
  });
}

void describe('REQUIRETLS beside other plugins', () => {
  void it('says once why it is not offered', async () => {
    const test = await startTestGateway({ last: [plugin('queues-outbound')] });
    try {
      await write({ test }, ['bob@partner.example']);
      const lines = [...test.log().matchAll(/REQUIRETLS is not offered: .*/g)].map(([line]) => line);
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.match(lines[0] ?? '', /: queues-outbound; .* name it in outbound\.requiretls_beside$/);
    } finally {
      await test.stop();
    }
  });
});

void describe('REQUIRETLS beside plugins of which the settings name the one that queues', () => {
  let test: TestGateway;
  before(async () => {
    test = await startTestGateway({
      first: [plugin('not-relaying')],
      last: [plugin('queues-outbound')],
      settings: { outbound: { requiretls_beside: ['queues-outbound'] } },
    });
  });
  after(() => test.stop());

  void it('is offered', async () => {
    assert.equal((await write({ test }, ['x@partner.example'], { parameters: ' REQUIRETLS' })).code, 250);
    assert.doesNotMatch(test.log(), /REQUIRETLS is not offered/);
  });

  void it('is refused for recipients that another plugin takes, and their other mail is not', async () => {
    const to = ['local-bob@corp.example'];
    const refused = await write({ test }, to, { parameters: ' REQUIRETLS' });
    assert.match(refused.text, /^550 5\.7\.30 REQUIRETLS support required .*: another server delivers/);
    await eventWith(test, { check: 'outbound/inbound', reason: 'requiretls-unsupported' });
    assert.equal((await write({ test }, to)).code, 250);
  });
});
