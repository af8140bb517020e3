import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Report, Row, Table } from '../../plugins/core/readings/report.ts';
import { gatekeeper } from '../support/command.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { metricsOf, sumOf } from '../support/metrics.ts';
import { acceptingGateway, octetsOf, sendAll, sendToBrokenQueue, type Heard } from './accepted-traffic.ts';
import { alice } from './traffic.ts';

/** What there is to be counted, as clients, the report and the metrics know it. */
interface Numbers {
  readonly accepted: Readonly<Record<Heard['role'], number>>;
  readonly refused: number;
  readonly deferred: number;
  readonly recipients: number;
  readonly octets: number;
  /** Recipients that were reached through the queue. */
  readonly delivered: number;
}

for (const nodes of [0, 4]) {
  void describe(`the numbers of a gateway with nodes=${nodes}`, () => {
    let gateway: TestGateway;
    const heard: Heard[] = [];
    before(async () => {
      gateway = await startTestGateway({ ...acceptingGateway, nodes });
    });
    after(() => gateway.stop());

    void it('are what clients have heard and the world has got, in the report and in the metrics', async () => {
      heard.push(...(await sendAll(gateway, { people: 6, servers: 3 })));
      heard.push(...(await sendToBrokenQueue(gateway)));
      heard.push(await circular(gateway));
      const expected = ofClients(heard);
      assert.deepEqual(await settledOn(expected, () => ofReport(gateway)), expected);
      assert.deepEqual(await settledOn(expected, () => ofMetrics(gateway)), expected);
      assert.deepEqual(worldHasGot(gateway), recipientsOf(heard.filter(isAccepted)));
    });

    void it('of the report are the same however it is divided', async () => {
      const { accepted, refused, deferred, recipients, octets: bytes } = ofClients(heard);
      const sums = { accepted: accepted.submission + accepted.mx, refused, deferred, recipients, bytes };
      for (const table of ['listeners', 'identities', 'networks']) {
        assert.deepEqual(await sumsOf(gateway, table, Object.keys(sums)), sums, table);
      }
      const { rows } = tableIn(await reportOf(gateway), 'reasons');
      const by = (outcome: string) =>
        sum(
          rows.filter((row) => row['outcome'] === outcome),
          'messages',
        );
      assert.deepEqual({ refused: by('refused'), deferred: by('deferred') }, { refused, deferred });
    });
  });
}

/** To several, some of one domain, with lines that begin with a dot. */
async function circular({ ports }: TestGateway): Promise<Heard> {
  const recipients = ['one@partner.example', 'two@partner.example', 'three@elsewhere.example'];
  const client = await alice({ port: ports.submission });
  const envelope = ['MAIL FROM:<alice@corp.example>', ...recipients.map((to) => `RCPT TO:<${to}>`), 'DATA'];
  for (const line of envelope) await client.command(line);
  const content = 'From: alice@corp.example\r\n\r\n..\r\n...x\r\ny.\r\n.\r\n';
  client.write(content);
  const { code, text } = await client.reply(15_000);
  client.destroy();
  assert.equal(code, 250, text);
  return { code, text, recipients, octets: octetsOf(content), role: 'submission' };
}

/** Refusals that other plugins of Haraka make are theirs to count: ours name the check. */
function ofClients(heard: readonly Heard[]): Numbers {
  const accepted = heard.filter(isAccepted);
  const ours = heard.filter(({ text }) => /\(\S+ [a-z]+\/[\w-]+\)/.test(text));
  const inRole = (role: Heard['role']) => accepted.filter((each) => each.role === role);
  return {
    accepted: { submission: inRole('submission').length, mx: inRole('mx').length },
    refused: ours.filter(({ code }) => code >= 500).length,
    deferred: ours.filter(({ code }) => code >= 400 && code < 500).length,
    recipients: recipientsOf(accepted).length,
    octets: accepted.reduce((total, { octets }) => total + octets, 0),
    delivered: recipientsOf(inRole('submission')).length,
  };
}

async function ofReport(gateway: TestGateway): Promise<Numbers> {
  const report = await reportOf(gateway);
  const outcome = (name: string) => tableIn(report, 'outcomes').rows.filter((row) => row['outcome'] === name);
  const inRole = (role: string) =>
    tableIn(report, 'listeners').rows.filter((row) => String(row['listener']).endsWith(` ${role}`));
  return {
    accepted: { submission: sum(inRole('submission'), 'accepted'), mx: sum(inRole('mx'), 'accepted') },
    refused: sum(outcome('refused'), 'messages'),
    deferred: sum(outcome('deferred'), 'messages'),
    recipients: sum(outcome('accepted'), 'recipients'),
    octets: sum(outcome('accepted'), 'bytes'),
    delivered: sum(outcome('delivered'), 'recipients'),
  };
}

/** A counter never falls: what was withdrawn is counted beside what was accepted. */
async function ofMetrics(gateway: TestGateway): Promise<Numbers> {
  const values = await metricsOf(gateway);
  const total = (name: string, ...labels: string[]) => sumOf(values, `gatekeeper_${name}_total`, ...labels);
  const kept = (name: string, ...labels: string[]) =>
    total(name, 'outcome="accepted"', ...labels) - total(name, 'outcome="withdrawn"', ...labels);
  return {
    accepted: { submission: kept('messages', 'role="submission"'), mx: kept('messages', 'role="mx"') },
    refused: total('messages', 'outcome="refused"'),
    deferred: total('messages', 'outcome="deferred"'),
    recipients: kept('recipients'),
    octets: total('message_bytes', 'outcome="accepted"') - total('message_bytes', 'outcome="withdrawn"'),
    delivered: total('recipients', 'outcome="delivered"'),
  };
}

/** What is read last: as soon as it is what was expected, or after some time. */
async function settledOn(expected: Numbers, read: () => Promise<Numbers>): Promise<Numbers> {
  const end = Date.now() + 15_000;
  for (;;) {
    const found = await read();
    if (isDeepStrictEqual(found, expected)) break;
    if (Date.now() > end) return found;
    await delay(200);
  }
  // Nothing comes after it that would be too much: workers report four times a second.
  await delay(1000);
  return read();
}

async function reportOf({ dir }: TestGateway): Promise<Report> {
  const { code, out, err } = await gatekeeper(['report', '--format', 'json'], {
    haraka: dir,
    ownProcess: true,
  });
  assert.equal(code, 0, err);
  return JSON.parse(out) as Report;
}

function tableIn({ sections }: Report, name: string): Table {
  const found = sections.flatMap(({ tables }) => tables).find((table) => table.name === name);
  assert.ok(found, name);
  return found;
}

async function sumsOf(gateway: TestGateway, table: string, columns: readonly string[]) {
  const { rows } = tableIn(await reportOf(gateway), table);
  return Object.fromEntries(columns.map((column) => [column, sum(rows, column)]));
}

function sum(rows: readonly Row[], column: string): number {
  return rows.reduce((total, row) => total + Number(row[column]), 0);
}

function isAccepted({ code }: Heard): boolean {
  return code === 250;
}

function recipientsOf(heard: readonly Heard[]): string[] {
  return heard.flatMap(({ recipients }) => recipients).sort();
}

function worldHasGot(gateway: TestGateway): string[] {
  return gateway
    .delivered()
    .flatMap(({ envelope }) => envelope.to)
    .sort();
}
