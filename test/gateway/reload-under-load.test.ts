import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { alice, greeted, type Letter } from './traffic.ts';

const workers = 4;
const clients = 8;
const changes = 8;

/** Two policies that differ in everything a transaction meets: the words of a refusal, who owns what, what is looked at. */
const policies = [
  {
    help_text: 'policy-0',
    sender: { mode: 'enforce', subaddress_separator: '+', protected_names: [] },
    protected_domains: ['a.example'],
  },
  {
    help_text: 'policy-1',
    sender: { mode: 'enforce', subaddress_separator: '-', protected_names: [] },
    protected_domains: ['b.example'],
  },
] as const;

void describe(`settings that change under load, with ${workers} workers`, () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ nodes: workers, settings: policies[0] });
  });
  after(() => gateway.stop());

  const file = () => join(gateway.dir, 'config/gatekeeper.yaml');

  async function change(index: number): Promise<void> {
    const seen = gateway.log().length;
    const settings = parse(readFileSync(file(), 'utf8')) as object;
    writeFileSync(file(), stringify({ ...settings, ...policies[index % 2] }));
    await eventually(
      'that they are in force',
      () => gateway.log().slice(seen).includes('is in force in this process and 4 workers'),
      20_000,
    );
  }

  /** One message that either policy refuses, slowly; what the client was told, and by which policy each time. */
  async function transaction(client: Awaited<ReturnType<typeof alice>>): Promise<readonly string[]> {
    const letter: Letter = {
      from: 'alice@corp.example',
      to: 'x@partner.example',
      author: 'bob@corp.example',
    };
    await client.command(`MAIL FROM:<${letter.from}>`);
    await delay(Math.random() * 300);
    await client.command(`RCPT TO:<${letter.to}>`);
    await delay(Math.random() * 300);
    await client.command('DATA');
    client.write(`From: ${letter.author}\r\n\r\nx\r\n.\r\n`);
    const { text } = await client.reply();
    const [, uuid = '', policy = ''] = /^550 5\.7\.1 .*\((\S+) sender\/header\) (policy-\d)/.exec(text) ?? [];
    assert.notEqual(policy, '', text);
    return [uuid, policy];
  }

  void it('judge no transaction by two of them, and every later one by the new ones', async () => {
    let isOver = false;
    const told = new Map<string, string>();
    const load = Array.from({ length: clients }, async () => {
      const client = await alice({ port: gateway.ports.submission });
      while (!isOver) {
        const [uuid = '', policy = ''] = await transaction(client);
        told.set(uuid, policy);
      }
      client.destroy();
    });
    for (let index = 1; index <= changes; index += 1) {
      await change(index);
      const replies = await Promise.all(
        Array.from({ length: workers * 2 }, async () => {
          const client = await greeted({ port: gateway.ports.submission });
          const { text } = await client.command('MAIL FROM:<alice@corp.example>');
          client.destroy();
          return text;
        }),
      );
      for (const text of replies) assert.ok(text.endsWith(`policy-${index % 2}`), text);
    }
    isOver = true;
    await Promise.all(load);

    assert.ok(told.size > changes * 2, `${told.size} transactions`);
    const revisionOf = await eventually('the events of each transaction', () => {
      const found = new Map<string, Set<string>>();
      for (const { reference, revision } of gateway.events()) {
        const [uuid = ''] = reference.split(' ');
        if (told.has(uuid)) found.set(uuid, (found.get(uuid) ?? new Set()).add(revision));
      }
      return found.size === told.size && found;
    });
    const policiesOf = new Map<string, Set<string>>();
    for (const [uuid, revisions] of revisionOf) {
      assert.equal(revisions.size, 1, `${uuid} was judged under ${[...revisions].join(' and ')}`);
      const [revision = ''] = revisions;
      policiesOf.set(revision, (policiesOf.get(revision) ?? new Set()).add(told.get(uuid) ?? ''));
    }
    assert.deepEqual(
      [...policiesOf.values()].map(({ size }) => size),
      [1, 1],
      'each revision has the words of one policy',
    );
  });
});
