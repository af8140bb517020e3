import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { startDns } from '../../scripts/demo/dns.ts';
import { zone as demoZone } from '../../scripts/demo/zone.ts';
import { answerTo, startFakeDns, text, type Script } from '../support/fake-dns.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { connectAs, sessionIn, type SmtpClient } from '../support/smtp.ts';
import { send } from './traffic.ts';

/** A domain for each message: what is known of one is kept. */
const domain = (name: string) => `${name}.world.example`;
const zone = Object.fromEntries(
  ['before', 'kept', 'while', 'after', 'servfail', 'later', 'garbage', 'at-last'].map((name) => [
    domain(name),
    [{ TXT: 'v=spf1 ip4:198.51.100.5 -all' }],
  ]),
);

const whole = { ...demoZone, ...zone };

/** Trouble in place of answers, and what the event says of it. */
const troubles: readonly { it: string; sender: string; script: Script; because: RegExp }[] = [
  {
    it: 'answers SERVFAIL',
    sender: 'servfail',
    script: (query) => answerTo(query, { rcode: 2 }),
    because: /answered SERVFAIL: TXT/,
  },
  {
    it: 'answers with octets that are no message',
    sender: 'garbage',
    script: (query) => Buffer.concat([query.message.subarray(0, 2), Buffer.alloc(64, 0xff)]),
    because: /no answer in time: TXT/,
  },
  {
    it: 'answers other questions',
    sender: 'other',
    script: (query) => answerTo({ ...query, id: query.id ^ 1 }, { answers: [text('v=spf1 +all')] }),
    because: /no answer in time: TXT/,
  },
  {
    it: 'cuts its answers short',
    sender: 'short',
    script: (query) => answerTo(query, { answers: [text('v=spf1 +all')] }).subarray(0, -4),
    because: /sent a record that is cut short: TXT/,
  },
  {
    it: 'says nothing',
    sender: 'silent',
    script: () => undefined,
    because: /no answer in time: TXT/,
  },
];

void describe('the DNS server goes away and comes back within one session', () => {
  let gateway: TestGateway;
  let client: SmtpClient;
  let session = '';
  before(async () => {
    gateway = await startTestGateway({ zone: whole, settings: { dns: { timeout_seconds: 0.2 } } });
    client = await connectAs('198.51.100.5', { port: gateway.ports.mx });
    session = sessionIn(await client.reply());
    // An address literal is asked nothing about.
    await client.command('EHLO [198.51.100.5]');
  });
  after(async () => {
    client.destroy();
    await gateway.stop();
  });

  /** What is answered to a message of a sender; a recipient that is refused ends it. */
  async function bring(from: string, to = 'alice@corp.example'): Promise<string> {
    const { code, text: said } = await send(client, { from, to });
    if (code >= 400) await client.command('RSET');
    return said;
  }

  async function deferralOf(sender: string): Promise<GatekeeperEvent> {
    return eventually(`a deferral of ${sender}`, () =>
      gateway.events().find((event) => {
        const isOurs = event.connection?.startsWith(session) && event.sender === sender;
        return isOurs && event.verdict === 'defer';
      }),
    );
  }

  const friend = (name: string) => `friend@${domain(name)}`;
  const deferred = /^451 4\.7\.24 SPF of the domain cannot be checked now \(.* sender\/\w+\)/;

  void it('there: mail is taken', async () => {
    for (const name of ['before', 'kept']) assert.match(await bring(friend(name)), /^250 /);
  });

  void it('gone: the sender is asked to come again, and the event says why', async () => {
    await gateway.dns.stop();
    assert.match(await bring(friend('while')), deferred);
    const { check, detail, reason } = await deferralOf(friend('while'));
    assert.deepEqual([check, reason], ['sender/spf', 'spf-temperror']);
    assert.match(
      detail ?? '',
      /^friend@while\.world\.example: SPF temperror of while\.world\.example \(.+\)$/,
    );
  });

  void it('gone: who is known still passes', async () => {
    assert.match(await bring(friend('kept')), /^250 /);
  });

  void it('gone: nobody becomes one of us', async () => {
    assert.match(await bring('boss@corp.example'), deferred);
    assert.equal((await deferralOf('boss@corp.example')).check, 'sender/impersonation');
  });

  void it('gone: postmaster can be written to', async () => {
    assert.match(await bring(friend('while'), 'postmaster@corp.example'), /^250 /);
  });

  void it('gone: a bounce of a host without a name is taken', async () => {
    assert.match(await bring(''), /^250 /);
  });

  void it('back on its port: the session goes on', async () => {
    const back = await startDns({ port: gateway.dns.port, zone: whole });
    try {
      assert.match(await bring(friend('after')), /^250 /);
      // That it failed is kept for a while.
      for (let tries = 0; !(await bring(friend('while'))).startsWith('250 '); tries += 1) {
        assert.ok(tries < 100, 'the failure is kept for ever');
        await delay(100);
      }
    } finally {
      await back.stop();
    }
  });

  for (const { it: title, sender, script, because } of troubles) {
    void it(`${title}: the sender is asked to come again, and the event says why`, async () => {
      const fake = await startFakeDns(script, gateway.dns.port);
      try {
        assert.match(await bring(friend(sender)), deferred);
        assert.match((await deferralOf(friend(sender))).detail ?? '', because);
      } finally {
        await fake.stop();
      }
    });
  }

  void it('back for good: the session goes on', async () => {
    const back = await startDns({ port: gateway.dns.port, zone: whole });
    try {
      assert.match(await bring(friend('at-last')), /^250 /);
    } finally {
      await back.stop();
    }
  });
});
