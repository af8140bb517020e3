import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { talliesOf } from '../../plugins/core/events/tallies.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { acceptingGateway, letter, refused, sendAll, sendToBrokenQueue } from './accepted-traffic.ts';
import { alice, contentOf } from './traffic.ts';

void describe('events of what is accepted, with four workers', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ ...acceptingGateway, nodes: 4 });
  });
  after(() => gateway.stop());

  void it('come to what clients have heard 250 for, and what the world has got', async () => {
    const heard = await sendAll(gateway, { people: 8, servers: 3 });
    const accepted = heard.flatMap(({ code, recipients }) => (code === 250 ? recipients : []));
    await eventually('the messages', () => gateway.delivered().length === accepted.length, 15_000);
    const events = await ofMessages(gateway, accepted.length);
    assert.deepEqual(recipientsOf(events).sort(), accepted.toSorted());
    const takenBack = refused.filter(({ takenBack: isTakenBack }) => isTakenBack).map(({ to }) => to);
    const expected = takenBack.flatMap((to) => Array.from({ length: 8 }, () => to));
    const back = events.filter(({ accepted: isAccepted }) => isAccepted === false);
    assert.deepEqual(back.flatMap(({ recipients = [] }) => recipients).sort(), expected.sort());
    for (const event of back) assertPaired(event, events);
    assert.deepEqual(flowOf(events), { count: accepted.length, recipients: accepted.length });
  });

  void it('are taken back when the queue cannot be written, and when its file system is full', async () => {
    const [broken, full] = await sendToBrokenQueue(gateway);
    assert.match(broken.text, /^451 4\.3\.0 /);
    assert.match(full.text, /^452 4\.3\.1 /);
    for (const to of ['broken@partner.example', 'full@partner.example']) {
      const events = await eventually('both events', () => {
        const found = acceptances(gateway).filter(({ recipients }) => recipients?.includes(to));
        return found.length === 2 && found;
      });
      assert.deepEqual(
        events.map(({ check, verdict, accepted, detail }) => [check, verdict, accepted, detail]),
        [
          ['outbound/gate', 'pass', true, undefined],
          ['outbound/not-queued', 'skip', false, 'outbound/queue could not queue it'],
        ],
      );
    }
  });

  void it('are taken back where the client left before anybody had queued it, and only then', async () => {
    const [lost, kept] = ['thinks-1@partner.example', 'takes-slowly@partner.example'] as const;
    await leaveAfterGate(gateway, lost);
    const events = await eventually('the other event', () => {
      const found = acceptancesOf(gateway, lost);
      return found.length === 2 && found;
    });
    assert.equal(events[1]?.detail, 'the client left before it was queued');
    await leaveAfterGate(gateway, kept);
    await eventually('the message', () => deliveredTo(gateway, kept) === 1);
    // As long as the answer takes, and more.
    await delay(600);
    assert.equal(acceptancesOf(gateway, kept).length, 1);
    assert.equal(deliveredTo(gateway, lost), 0);
  });
});

async function leaveAfterGate(gateway: TestGateway, to: string): Promise<void> {
  const client = await alice({ port: gateway.ports.submission });
  for (const line of ['MAIL FROM:<alice@corp.example>', `RCPT TO:<${to}>`, 'DATA'])
    await client.command(line);
  client.write(contentOf(letter(to)));
  await eventually('the acceptance', () => acceptancesOf(gateway, to).length === 1);
  await delay(50);
  client.destroy();
}

function acceptances(gateway: TestGateway): GatekeeperEvent[] {
  return gateway.events().filter(({ accepted }) => accepted !== undefined);
}

function acceptancesOf(gateway: TestGateway, to: string): GatekeeperEvent[] {
  return acceptances(gateway).filter(({ recipients }) => recipients?.includes(to));
}

function ofMessages(gateway: TestGateway, count: number): Promise<GatekeeperEvent[]> {
  return eventually('the events', () => {
    const events = acceptances(gateway);
    return flowOf(events).count === count && events;
  });
}

/** Of what is accepted and not taken back. */
function recipientsOf(events: readonly GatekeeperEvent[]): string[] {
  const back = new Set(events.flatMap(({ accepted, queue_id: id }) => (accepted === false ? [id] : [])));
  return events.flatMap(({ queue_id: id, recipients = [] }) => (back.has(id) ? [] : recipients));
}

function assertPaired(back: GatekeeperEvent, events: readonly GatekeeperEvent[]): void {
  const pair = events.filter(({ queue_id: id }) => id === back.queue_id);
  assert.deepEqual(
    pair.map(({ accepted, bytes, recipients, identity }) => ({ accepted, bytes, recipients, identity })),
    [true, false].map((accepted) => {
      const { bytes, recipients, identity } = back;
      return { accepted, bytes, recipients, identity };
    }),
  );
  assert.ok(Number(back.bytes) > 0);
}

function flowOf(events: readonly GatekeeperEvent[]) {
  const all = events
    .flatMap(talliesOf)
    .filter(({ topic, keys: [facet] }) => topic === 'flow' && facet === 'all');
  const sum = (name: 'count' | 'recipients') => all.reduce((total, tally) => total + tally[name], 0);
  return { count: sum('count'), recipients: sum('recipients') };
}

function deliveredTo(gateway: TestGateway, recipient: string): number {
  return gateway.delivered().filter(({ envelope }) => envelope.to.includes(recipient)).length;
}
