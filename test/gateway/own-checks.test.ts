import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { SmtpClient } from '../support/smtp.ts';
import { eventually, refusalsOf, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { plugin } from './other-haraka.ts';
import { alice, send } from './traffic.ts';

/** Ways of own-checks.js, and what the client hears. */
const ways = [
  { how: 'passes', says: /^250 / },
  { how: 'skips', says: /^250 / },
  { how: 'refuses', says: /^553 5\.7\.1 Not today \(\S+ own\/STAGE\) Try tomorrow\./, reason: 'not-today' },
  { how: 'defers', says: /^450 4\.7\.1 Not yet \(\S+ own\/STAGE\)/, reason: 'not-yet' },
  { how: 'ours', says: /^550 5\.7\.1 Relaying needs .*\(\S+ own\/STAGE\)/, reason: 'relay-denied' },
  { how: 'throws', says: /^451 4\.3\.0 .*\(\S+ own\/STAGE\)/, reason: 'own-fault' },
  { how: 'hangs', says: /^451 4\.3\.0 .*\(\S+ own\/STAGE\)/, reason: 'own-fault' },
  { how: 'nonsense', says: /^451 4\.3\.0 .*\(\S+ own\/STAGE\)/, reason: 'own-fault' },
  { how: 'stranger', says: /^451 4\.3\.0 .*\(\S+ own\/STAGE\)/, reason: 'own-fault' },
  { how: 'swapped', says: /^451 4\.3\.0 .*\(\S+ own\/STAGE\)/, reason: 'own-fault' },
] as const;

const settings = { deadline_seconds: 2 };

async function letter(test: TestGateway, stage: string, how: string) {
  const client = await alice({ port: test.ports.submission });
  const from = `alice+${stage}.${how}@corp.example`;
  const reply = await send(client, { from, to: `${how}-${stage}@partner.example` });
  client.destroy();
  return reply;
}

const receivedBy = (test: TestGateway, recipient: string) =>
  test.delivered().filter(({ envelope }) => envelope.to.some((each) => each.startsWith(recipient)));

void describe('a check of others', () => {
  let test: TestGateway;
  before(async () => {
    test = await startTestGateway({ first: [plugin('own-checks')], settings });
  });
  after(() => test.stop());

  const mood = (stage: string) => join(test.dir, `mood-${stage}`);
  afterEach(() => {
    for (const stage of ['connect', 'auth']) rmSync(mood(stage), { force: true });
  });

  for (const stage of ['mail', 'rcpt', 'message', 'outbound'] as const) {
    void describe(`at stage ${stage}`, { concurrency: 4 }, () => {
      for (const { how, says, ...rest } of ways) {
        void it(`that ${how}`, async () => {
          const { text } = await letter(test, stage, how);
          assert.match(text, new RegExp(says.source.replace('STAGE', stage)));
          const isWelcome = !('reason' in rest);
          await eventually('the events', () => {
            const own = test
              .events()
              .find(
                ({ check, sender }) =>
                  check === `own/${stage}` && sender === `alice+${stage}.${how}@corp.example`,
              );
            return (
              own &&
              (isWelcome ? own.verdict !== 'refuse' : own.reason === rest.reason) &&
              own.kind === 'check'
            );
          });
          if (isWelcome)
            await eventually('it', () => receivedBy(test, `${how}-${stage}`).length === 1, 60_000);
          else assert.equal(receivedBy(test, `${how}-${stage}`).length, 0);
        });
      }
    });
  }

  for (const { how, says, ...rest } of ways) {
    void it(`at stage connect that ${how}`, async () => {
      writeFileSync(mood('connect'), how);
      const client = await SmtpClient.connect({ port: test.ports.submission });
      const { text } = await client.reply(15_000);
      client.destroy();
      if (!('reason' in rest)) assert.match(text, /^220 /);
      // RFC 5321 §4.3.2 has two codes for it, and RFC 2034 §4 no status.
      else if (says.source.startsWith('^5')) assert.match(text, /^554 [A-Z].*\(\S+ own\/connect\)/);
      else assert.match(text, /^421 [A-Z].*\(\S+ own\/connect\)/);
    });

    void it(`at stage auth that ${how}`, async () => {
      writeFileSync(mood('auth'), how);
      const login = alice({ port: test.ports.submission });
      if ('reason' in rest) {
        const shown = new RegExp(says.source.replace('^', '').replace('STAGE', 'auth'));
        await assert.rejects(login, shown);
        const event = await eventually('the event', () =>
          test.events().findLast(({ check }) => check === 'own/auth'),
        );
        assert.equal(event.login, 'alice@corp.example');
        assert.ok(
          !test.events().some(({ check, verdict }) => check === 'auth/login' && verdict === 'refuse'),
        );
      } else (await login).destroy();
    });
  }

  void it('at stage delivery that refuses has the message held', async () => {
    assert.match((await letter(test, 'delivery', 'refuses')).text, /^250 /);
    const held = await eventually(
      'the event',
      () => test.events().find(({ check, verdict }) => check === 'own/delivery' && verdict === 'refuse'),
      60_000,
    );
    assert.equal(held.reason, 'not-today');
    assert.match(held.detail ?? '', /Not today: on purpose/);
    assert.match(test.log(), /hold ref="\S+ own\/delivery"/);
    assert.equal(receivedBy(test, 'refuses-delivery').length, 0);
  });

  for (const how of ['defers', 'throws', 'hangs', 'nonsense'] as const) {
    void it(`at stage delivery that ${how} keeps it in the queue`, async () => {
      assert.match((await letter(test, 'delivery', how)).text, /^250 /);
      const sender = `alice+delivery.${how}@corp.example`;
      const event = await eventually(
        'the event',
        () => test.events().find((each) => each.check === 'own/delivery' && each.sender === sender),
        60_000,
      );
      assert.equal(event.verdict, 'defer');
      assert.equal(receivedBy(test, `${how}-delivery`).length, 0);
    });
  }

  void it('is told the facts of its stage', async () => {
    await letter(test, 'mail', 'passes');
    const facts = readFileSync(join(test.dir, 'facts'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { stage: string; facts: Record<string, unknown> });
    const of = (stage: string) =>
      Object.keys(facts.findLast((each) => each.stage === stage)?.facts ?? {}).sort();
    const client = ['client', 'helo', 'listener'];
    assert.deepEqual(of('connect'), client);
    assert.deepEqual(of('auth'), [...client, 'identity', 'login', 'mechanism', 'tls'].sort());
    assert.deepEqual(of('mail'), [...client, 'identity', 'sender', 'tls'].sort());
    assert.deepEqual(of('rcpt'), [...client, 'count', 'identity', 'recipient', 'sender', 'tls'].sort());
    const content = [...client, 'header', 'identity', 'isHeaderWhole', 'recipients', 'sender', 'tls'];
    assert.deepEqual(of('message'), [...content].sort());
    assert.deepEqual(of('outbound'), [...content, 'bytes', 'id'].sort());
  });
});

/** Modes of checks of different stages do not touch each other; an emergency has all observe. */
const modes = [
  {
    settings: {
      checks: [
        { name: 'own/mail', mode: 'observe' },
        { name: 'own/rcpt', mode: 'off' },
        { name: 'own/message' },
      ],
    },
    cases: [
      { it: 'observes', stage: 'mail', says: /^250 / },
      { it: 'is off', stage: 'rcpt', says: /^250 / },
      { it: 'enforces', stage: 'message', says: /^553 / },
    ],
  },
  {
    settings: { emergency: 'observe' },
    cases: [{ it: 'observes in an emergency', stage: 'mail', says: /^250 / }],
  },
] as const;

for (const { settings: more, cases } of modes) {
  void describe(`a check of others whose mode the settings have: ${JSON.stringify(more)}`, () => {
    let test: TestGateway;
    before(async () => {
      test = await startTestGateway({ last: [plugin('own-checks')], settings: { ...settings, ...more } });
    });
    after(() => test.stop());

    for (const { it: title, stage, says } of cases) {
      void it(title, async () => {
        assert.match((await letter(test, stage, 'refuses')).text, says);
      });
    }
  });
}

void describe('a check of others that another plugin keeps from being asked', () => {
  let test: TestGateway;
  before(async () => {
    test = await startTestGateway({ first: [plugin('answers-first'), plugin('own-checks')], settings });
  });
  after(() => test.stop());

  for (const hook of ['rcpt', 'mail', 'connect']) {
    void it(`at ${hook}: the gate refuses what it did not clear`, async () => {
      writeFileSync(join(test.dir, 'answers-first'), `${hook} OK\n`);
      const { text } = await letter(test, `none-${hook}`, 'passes');
      assert.match(text, /^550 5\.7\.1 Message did not pass every check/);
      await eventually('the event', () =>
        test
          .events()
          .some(
            ({ reason, detail, sender }) =>
              reason === 'not-cleared' &&
              (detail ?? '').includes('own/') &&
              sender === `alice+none-${hook}.passes@corp.example`,
          ),
      );
      assert.equal(test.delivered().length, 0);
    });
  }
});

/** One start each: what is wrong in several ways is told at once, but for a second circle at one stage, and what comes after orders. */
const mistakes = [
  [
    {
      it: 'an order that names nobody',
      way: 'unknown',
      says: /check bad\/unknown: its order names bad\/nobody, which nobody declares/,
    },
    {
      it: 'an order that names another stage',
      way: 'elsewhere',
      says: /check bad\/elsewhere: its order names sender\/header, which decides at stage message, not mail/,
    },
    {
      it: 'a circle',
      way: 'circle',
      says: /checks of stage mail: bad\/one and bad\/two wait for each other/,
    },
    {
      it: 'a check twice',
      way: 'twice',
      says: /check bad\/twice is declared twice: at stage mail and at stage mail/,
    },
    {
      it: 'one name at two stages: what clears one would clear the other',
      way: 'stages',
      says: /check bad\/stages is declared twice: at stage mail and at stage rcpt/,
    },
    {
      it: 'a check before itself',
      way: 'itself',
      says: /checks of stage rcpt: bad\/itself waits for itself/,
    },
  ],
  [
    {
      it: 'a circle through checks of the gateway',
      way: 'ours',
      says: /checks of stage mail: bad\/one and .*outbound\/requiretls.* wait for each other/,
    },
  ],
  [
    {
      it: 'no such check in the settings',
      way: 'none',
      says: /checks\.bad\/one: no plugin in config\/plugins declares it/,
    },
  ],
] as const;

/** What a gateway says that these ways keep from starting. */
function refusedFor(ways: readonly string[]): Promise<readonly string[]> {
  return refusalsOf({
    last: [plugin('bad-order')],
    config: { 'bad-order': ways.join('\n') },
    settings: ways.includes('none') ? { checks: [{ name: 'bad/one' }] } : {},
  });
}

void describe('the start with checks of others', () => {
  for (const told of mistakes) {
    let start: Promise<readonly string[]> | undefined;
    for (const { it: title, says } of told) {
      void it(`is refused for ${title}`, async () => {
        const lines = await (start ??= refusedFor(told.map(({ way }) => way)));
        assert.equal(lines.filter((line) => says.test(line)).length, 1, lines.join('\n'));
        const unexpected = lines.filter((line) => !told.some((each) => each.says.test(line)));
        assert.deepEqual(unexpected, []);
      });
    }
  }
});
