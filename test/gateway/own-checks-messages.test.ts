import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { inForce, Operator, refused } from './operator.ts';
import { plugin } from './other-haraka.ts';
import { alice, greeted, send } from './traffic.ts';

async function letter(test: TestGateway, from: string, to: string) {
  const client = await alice({ port: test.ports.submission });
  const reply = await send(client, {
    from: `${from}@corp.example`,
    to,
    fields: 'Message-ID: <1@corp.example>\r\n',
  });
  client.destroy();
  return reply;
}

const eventOf = (test: TestGateway, check: string, more: Partial<GatekeeperEvent> = {}) =>
  eventually(
    `an event of ${check}`,
    () =>
      test
        .events()
        .findLast(
          (event) =>
            event.check === check &&
            Object.entries(more).every(([key, value]) => Reflect.get(event, key) === value),
        ),
    60_000,
  );

const arrives = (test: TestGateway, recipient: string) =>
  eventually(
    recipient,
    () => test.delivered().some(({ envelope }) => envelope.to.includes(recipient)),
    150_000,
  );

type Told = Readonly<Record<string, unknown>>;

/** What the check of a stage was told last, of those that fit. */
const told = (test: TestGateway, stage: string, fits: (facts: Told) => boolean = () => true) =>
  readFileSync(join(test.dir, 'facts'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { stage: string; facts: Told })
    .findLast((each) => each.stage === stage && fits(each.facts))?.facts;

void describe('a check of others while settings change', () => {
  let test: TestGateway;
  let operator: Operator;
  before(async () => {
    test = await startTestGateway({ last: [plugin('own-checks')], settings: { deadline_seconds: 2 } });
    operator = new Operator(test);
  });
  after(() => test.stop());

  const modes: readonly (readonly [
    it: string,
    settings: object,
    says: RegExp,
    event: Partial<GatekeeperEvent>,
  ])[] = [
    ['enforces without an entry', {}, /^553 /, { mode: 'enforce', verdict: 'refuse' }],
    [
      'observes when that is asked for',
      { checks: [{ name: 'own/mail', mode: 'observe' }] },
      /^250 /,
      { mode: 'observe', verdict: 'refuse', would_refuse: true },
    ],
    [
      'is not asked when it is off',
      { checks: [{ name: 'own/mail', mode: 'off' }] },
      /^250 /,
      { mode: 'off', verdict: 'skip' },
    ],
    [
      'observes in an emergency, whatever its entry says',
      { checks: [{ name: 'own/mail', mode: 'enforce' }], emergency: 'observe' },
      /^250 /,
      { mode: 'observe', verdict: 'refuse', would_refuse: true },
    ],
    ['enforces again without them', {}, /^553 /, { mode: 'enforce', verdict: 'refuse' }],
  ];
  for (const [at, [title, settings, says, wanted]] of modes.entries()) {
    void it(title, async () => {
      if (at > 0) await operator.and(() => operator.write(settings), inForce);
      const { text } = await letter(test, 'alice+mail.refuses', `mode-${at}@partner.example`);
      assert.match(text, says);
      const { revision } = await operator.health();
      const heard = wanted.mode === 'enforce' ? { reply: text } : {};
      const event = await eventOf(test, 'own/mail', { ...wanted, ...heard, revision });
      assert.equal(event.kind, 'check');
      if (wanted.mode !== 'enforce') assert.equal(event.reply, undefined);
      if (wanted.verdict === 'refuse') assert.equal(event.reason, 'not-today');
      if (wanted.mode !== 'enforce') await arrives(test, `mode-${at}@partner.example`);
    });
  }

  void it('cannot be named where nobody declares it: the settings in force stay', async () => {
    await operator.and(() => operator.write({ checks: [{ name: 'own/typo', mode: 'off' }] }), refused);
    assert.match(test.log(), /checks\.own\/typo: no plugin in config\/plugins declares it/);
    assert.match((await letter(test, 'alice+mail.refuses', 'x@partner.example')).text, /^553 /);
  });
});

const added = 'added@partner.example';

const recipients = [
  {
    it: 'is refused, as its check has not seen it',
    checks: [],
    says: /^550 5\.7\.1 Message did not pass every check/,
  },
  { it: 'passes where that check is off', checks: [{ name: 'own/rcpt', mode: 'off' }], says: /^250 / },
] as const;

void describe('a recipient that another plugin adds after DATA', () => {
  for (const { it: title, checks, says } of recipients) {
    void it(title, async () => {
      const test = await startTestGateway({
        first: [plugin('adds-recipient'), plugin('own-checks')],
        config: { 'adds-recipient': `${added}\n` },
        settings: { checks },
      });
      try {
        assert.match((await letter(test, 'alice', 'friend@partner.example')).text, says);
        if (checks.length > 0) {
          await arrives(test, added);
          return;
        }
        const { detail } = await eventOf(test, 'outbound/accept', { reason: 'not-cleared' });
        assert.equal(detail, 'no clearance from own/rcpt');
        assert.deepEqual(test.delivered(), []);
      } finally {
        await test.stop();
      }
    });
  }
});

void describe('a check of others', () => {
  let test: TestGateway;
  before(async () => {
    test = await startTestGateway({ last: [plugin('own-checks')], settings: { deadline_seconds: 2 } });
  });
  after(() => test.stop());

  void describe('at stage delivery', () => {
    void it('that refuses has it held, and who releases it has the last word', async () => {
      const to = 'held@partner.example';
      assert.match((await letter(test, 'alice+delivery.refuses', to)).text, /^250 /);
      await eventOf(test, 'own/delivery', { verdict: 'refuse' });
      const run = async (...args: readonly string[]) => {
        const { out } = await gatekeeper(['held', ...args, '--json'], { haraka: test.dir });
        return JSON.parse(out) as { held: { id: string; reason: string; recipients: string[] }[] };
      };
      const { held } = await run('list');
      assert.deepEqual(
        held.map(({ reason, recipients }) => [reason, recipients]),
        [['not-today', [to]]],
      );
      assert.ok(!test.delivered().some(({ envelope }) => envelope.to.includes(to)));
      await run('release', held[0]?.id ?? '');
      await arrives(test, to);
    });

    void it('is told of each message for a domain who has sent it', async () => {
      const to = 'told@partner.example';
      const { text } = await letter(test, 'alice+delivery.passes', to);
      const [, queued = ''] = /\(([0-9A-F-]+\.1)\)/.exec(text) ?? [];
      await arrives(test, to);
      const facts = told(test, 'delivery', (each) => String(each['recipients']) === to);
      const { acceptedAt, queueId, ...others } = facts as { acceptedAt: string; queueId: string };
      assert.ok(queueId.startsWith(queued) && queued !== '', `${queueId} of ${text}`);
      assert.ok(Math.abs(Date.now() - Date.parse(acceptedAt)) < 600_000, acceptedAt);
      assert.deepEqual(others, {
        identity: {
          ...{ proof: 'account', name: 'alice@corp.example' },
          id: 'uid=alice,ou=people,dc=corp,dc=example',
        },
        sender: 'alice+delivery.passes@corp.example',
        recipients: [to],
        messageId: '<1@corp.example>',
      });
    });

    void it('that defers, and then passes, lets the message go later', async () => {
      const mood = join(test.dir, 'mood-delivery');
      const to = 'later@partner.example';
      writeFileSync(mood, 'defers');
      assert.match((await letter(test, 'alice', to)).text, /^250 /);
      const event = await eventOf(test, 'own/delivery', { verdict: 'defer', sender: 'alice@corp.example' });
      rmSync(mood);
      assert.deepEqual([event.kind, event.reason, event.mode], ['check', 'not-yet', 'enforce']);
      await arrives(test, to);
      assert.equal(test.delivered().filter(({ envelope }) => envelope.to.includes(to)).length, 1);
    });
  });

  void describe('is told', () => {
    before(async () => {
      assert.match((await letter(test, 'alice', 'friend@partner.example')).text, /^250 /);
    });

    const identity = {
      ...{ proof: 'account', name: 'alice@corp.example', id: 'uid=alice,ou=people,dc=corp,dc=example' },
    };

    void it('of the client', () => {
      const { client, listener, tls, identity: none } = told(test, 'connect') ?? {};
      assert.deepEqual(
        [client, listener, tls, none],
        [{ address: '127.0.0.1' }, { port: test.ports.submission, role: 'submission' }, undefined, undefined],
      );
    });

    void it('of the login', () => {
      const facts = told(test, 'auth') ?? {};
      assert.deepEqual([facts['login'], facts['mechanism']], ['alice@corp.example', 'PLAIN']);
      const { addresses, ...who } = facts['identity'] as { addresses: string[] };
      assert.deepEqual(who, identity);
      assert.ok(addresses.includes('alice@corp.example'), addresses.join(' '));
      assert.equal(facts['helo'], 'client.example');
      assert.match((facts['tls'] as { version: string }).version, /^TLSv1\.[23]$/);
    });

    void it('of the envelope', () => {
      const { sender, recipient, count } = (told(test, 'rcpt') ?? {}) as Record<string, { text?: string }>;
      assert.deepEqual(
        [sender?.text, recipient?.text, count],
        ['alice@corp.example', 'friend@partner.example', 1],
      );
    });

    void it('of the message', () => {
      const { header, isHeaderWhole, recipients: to, bytes, id, messageId } = told(test, 'outbound') ?? {};
      const lines = 'From: alice@corp.example\nSubject: test\nMessage-ID: <1@corp.example>\n';
      assert.ok(String(header).endsWith(lines), String(header));
      assert.deepEqual(
        [isHeaderWhole, (to as { text: string }[]).map(({ text }) => text), messageId],
        [true, ['friend@partner.example'], '<1@corp.example>'],
      );
      assert.ok(Number(bytes) > lines.length, String(bytes));
      assert.match(String(id), /^[0-9A-F-]{36}\.1$/);
    });

    void it('of strangers, nothing but what they say', async () => {
      const client = await greeted({ port: test.ports.mx });
      await send(client, { from: 'x@far.example', to: 'bob@corp.example' });
      client.destroy();
      const { identity: nobody, tls, listener, sender } = told(test, 'mail') ?? {};
      assert.deepEqual(
        [nobody, tls, listener, (sender as { text: string }).text],
        [undefined, undefined, { port: test.ports.mx, role: 'mx' }, 'x@far.example'],
      );
    });
  });
});
