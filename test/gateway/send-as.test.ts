import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gatekeeper } from '../support/command.ts';
import { eventsWith, eventually, eventWith } from '../support/gateway.ts';
import { plugin } from './other-haraka.ts';
import { mail, startScene, type Scene } from './provenance-scene.ts';
import { greeted, send as sendTo } from './traffic.ts';

const entry = (name: string, more: object = {}) => ({
  ...{ name, owner: 'it@corp.example', expires: '2999-12-31', send_as: ['invoices@corp.example'] },
  ...more,
});

/** As docs/integrator.md shows it. */
function documentedPlugin(): string {
  const text = readFileSync(join(import.meta.dirname, '../../docs/integrator.md'), 'utf8');
  return /```js\n(\/\/ plugins\/receipts\.js[^]*?)```/.exec(text)?.[1] ?? '';
}

const own = 'invoices@corp.example';
const message = `From: Invoices <${own}>\nSubject: yours\n\nx\n..\n.\nlast`;
const honest = { name: 'invoices', from: own, to: ['a@one.example', 'b@two.example'], message };

const rows: readonly { it: string; mail: Readonly<Record<string, unknown>>; says: RegExp }[] = [
  { it: 'an unknown name', mail: { name: 'nobody' }, says: /^never auth-required: no entry .* nobody/ },
  {
    it: 'an expired entry',
    mail: { name: 'old' },
    says: /^never auth-required: .*old expired on 2020-01-31/,
  },
  { it: 'a foreign sender', mail: { from: 'boss@corp.example' }, says: /^never sender-not-owned: boss@/ },
  { it: 'a sender that is none', mail: { from: 'invoices' }, says: /^never sender-not-owned: invoices/ },
  {
    it: 'a foreign author',
    mail: { message: 'From: boss@corp.example\n\nx\n' },
    says: /^never header-not-owned: boss@/,
  },
  {
    it: 'a foreign Sender',
    mail: { message: `From: ${own}\nSender: boss@corp.example\n\nx\n` },
    says: /^never header-not-owned: boss@/,
  },
  {
    it: 'no author',
    mail: { message: 'Subject: x\n\nx\n' },
    says: /^never header-malformed: From is missing/,
  },
  { it: 'no header', mail: { message: `From: ${own}` }, says: /^never header-malformed: no empty line/ },
  {
    it: 'a bare CR',
    mail: { message: `From: ${own}\n\nx\r.\ry\n` },
    says: /^never header-malformed: a bare CR/,
  },
  { it: 'nobody to send to', mail: { to: [] }, says: /^never header-malformed: there is no recipient/ },
  {
    it: 'a recipient with more in it',
    mail: { to: ['a@one.example>\r\nRCPT TO:<b@one.example'] },
    says: /^never header-malformed: a recipient is no address/,
  },
  { it: 'what is no message at all', mail: { message: 7 }, says: /^later own-fault: / },
];

void describe('a plugin that sends by itself', { concurrency: 1 }, () => {
  let scene: Scene;
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatekeeper-plugin-'));
    writeFileSync(join(folder, 'receipts.js'), documentedPlugin());
    scene = await startScene({
      last: [plugin('sends-as'), join(folder, 'receipts.js')],
      settings: {
        internal_senders: [
          entry('invoices'),
          entry('old', { expires: '2020-01-31' }),
          entry('busy', { limits: ['recipients_per_hour=1'] }),
          entry('receipts', { send_as: ['receipts@corp.example'] }),
        ],
      },
    });
  });
  after(async () => {
    await scene.stop();
    rmSync(folder, { recursive: true });
  });

  async function send(what: object): Promise<string> {
    const client = await greeted({ port: scene.test.ports.mx });
    const reply = await client.command(`SEND ${JSON.stringify({ ...honest, ...what })}`);
    client.destroy();
    return reply.text.replace(/^5\d\d /, '');
  }

  void it('sends under its name, to all, as it wrote it, and is traced by Message-ID', async () => {
    const [, id = ''] = /^sent (\S+)/.exec(await send({})) ?? [];
    await eventually(
      'both',
      () => scene.world.count('a@one.example') + scene.world.count('b@two.example') === 2,
    );
    const [taken] = scene.world.taken;
    assert.equal(taken?.from, own);
    assert.match(taken.lines.join('\n'), /\n\nx\n\.\.\.\n\.\.\nlast$/);
    const event = await eventWith(scene.test, { check: 'outbound/send-as', verdict: 'pass' });
    assert.deepEqual(
      [event.identity, event.identity_id, event.proof, event.queue_id, event.sender, event.recipients],
      ['invoices', 'internal:invoices', 'internal', id, own, honest.to],
    );
    const messageId = /^Message-ID: (<.*>)$/m.exec(taken.lines.join('\n'))?.[1] ?? '';
    assert.equal(event.message_id, messageId);
    const { out } = await gatekeeper(['trace', messageId], { haraka: scene.test.dir });
    assert.match(out, /invoices/);
    assert.match(out, /delivered/);
  });

  for (const { it: title, mail: what, says } of rows) {
    void it(`does not send ${title}`, async () => {
      const [files, taken, seen] = [
        scene.queue().length,
        scene.world.taken.length,
        scene.test.events().length,
      ];
      const answer = await send(what);
      assert.match(answer, says);
      assert.deepEqual([scene.queue().length, scene.world.taken.length], [files, taken]);
      const reference = /\((\S+ outbound\/send-as)\)$/.exec(answer)?.[1] ?? '';
      const event = await eventually('its event', () =>
        scene.test
          .events()
          .slice(seen)
          .find((each) => each.reference === reference),
      );
      assert.equal(event.login, what['name'] ?? 'invoices');
      assert.ok(scene.test.log().includes(`ref="${reference}"`), 'no line in the log');
    });
  }

  void it('keeps that TLS is not required, where the header says so', async () => {
    const text = `TLS-Required: No\n${message}`;
    const [, id = ''] = /^sent (\S+)/.exec(await send({ message: text, to: ['no@one.example'] })) ?? [];
    assert.equal((await eventWith(scene.test, { queue_id: id, accepted: true })).tls_option, 'no');
  });

  void it('sends with the null reverse-path', async () => {
    assert.match(await send({ from: '', to: ['null@one.example'] }), /^sent /);
    await eventually('it', () => scene.world.count('null@one.example') === 1);
  });

  void it('is held to the limits of its entry', async () => {
    const one = { name: 'busy', to: ['limited@one.example'] };
    assert.match(await send(one), /^sent /);
    assert.match(await send(one), /^later rate-limited: /);
    await eventually('the first', () => scene.world.count('limited@one.example') === 1);
  });

  void it('is as the documentation shows it', async () => {
    await mail(scene.test, ['somebody@one.example']);
    const receipt = await eventually('a receipt', () =>
      scene.world.taken.find(({ from }) => from === 'receipts@corp.example'),
    );
    assert.deepEqual(receipt.to, ['alice@corp.example']);
    assert.deepEqual(scene.held(), []);
    const stranger = { from: 'victim@elsewhere.example', to: 'bob@corp.example' };
    const reply = await sendTo(await greeted({ port: scene.test.ports.mx }), stranger);
    assert.equal(reply.code, 250, reply.text);
    await eventWith(scene.test, { accepted: true, sender: stranger.from });
    const sent = await eventsWith(scene.test, { check: 'outbound/send-as', identity: 'receipts' }, 1);
    assert.equal(sent.length, 1, 'whoever writes from outside gets a receipt');
  });
});
