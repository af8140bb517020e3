import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { eventSchema, type GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { greeted } from './traffic.ts';

const sessions = 16;
const transactions = 25;

void describe('events of two workers in a file that is rotated', () => {
  const gateways: TestGateway[] = [];
  after(() => Promise.all(gateways.map((gateway) => gateway.stop())));

  async function start(maxBytes: number, keep: number): Promise<TestGateway> {
    const file = 'events.jsonl';
    const gateway = await startTestGateway({
      nodes: 2,
      settings: { audit: { store: 'file', file, max_bytes: maxBytes, keep } },
    });
    gateways.push(gateway);
    return gateway;
  }

  void it('stand there once each, none lost, none torn, none twice', async () => {
    const gateway = await start(4096, 1000);
    await talk(gateway);
    const wanted = sessions * transactions * 4;
    const read = () =>
      eventsIn(gateway.dir).filter(({ kind }) => kind !== 'connection' && kind !== 'settings');
    await eventually('all events', () => read().length >= wanted);
    const events = read();
    const files = filesIn(gateway.dir);
    // The busier the machine, the more events are written at once.
    assert.ok(files.length > 5, `only ${files.length} files: there was no rotation to speak of`);
    const seen = new Map<string, number>();
    for (const { reference } of events) seen.set(reference, (seen.get(reference) ?? 0) + 1);
    const twice = [...seen.values()].filter((count) => count > 1).length;
    assert.equal(twice, 0, `${twice} events stand there more than once`);
    assert.equal(seen.size, wanted);
    assert.ok(new Set(events.map(({ client }) => client)).size === 1);
    assert.doesNotMatch(gateway.log(), /events cannot be written/);
  });

  void it('are kept in as many files as the settings say, whole', async () => {
    const gateway = await start(16_384, 2);
    await talk(gateway);
    // The last event may have been one that filled the file: then the next one begins another.
    for (let more = 0; more < 20 && filesIn(gateway.dir).length < 3; more += 1) {
      const client = await greeted({ port: gateway.ports.mx });
      await client.command('MAIL FROM:<one-more@other.example>');
      client.destroy();
    }
    await eventually('three files', () => filesIn(gateway.dir).length === 3);
    assert.deepEqual(filesIn(gateway.dir), ['events.jsonl', 'events.jsonl.1', 'events.jsonl.2']);
    // It may be rotated once more meanwhile.
    const kept = await eventually('files that stay', () => eventsThere(gateway.dir));
    assert.ok(kept.length > 40, `${kept.length} events are kept`);
    assert.doesNotMatch(gateway.log(), /events cannot be written/);
  });
});

/** Sessions that begin transactions: four events each, from both workers. */
async function talk(gateway: TestGateway): Promise<void> {
  await Promise.all(
    Array.from({ length: sessions }, async (_unused, session) => {
      const client = await greeted({ port: gateway.ports.mx });
      for (let number = 0; number < transactions; number += 1) {
        const reply = await client.command(`MAIL FROM:<s${session}-${number}@other.example>`);
        assert.equal(reply.code, 250, reply.text);
        await client.command('RSET');
      }
      client.destroy();
    }),
  );
}

function filesIn(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.startsWith('events.jsonl') && !name.endsWith('.lock'))
    .sort();
}

function eventsThere(dir: string): GatekeeperEvent[] | undefined {
  try {
    return eventsIn(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function eventsIn(dir: string): GatekeeperEvent[] {
  return filesIn(dir).flatMap((name) => {
    const lines = readFileSync(join(dir, name), 'utf8').split('\n');
    assert.equal(lines.pop(), '', `${name} does not end with a whole line`);
    return lines.map((line) => eventSchema.parse(JSON.parse(line)));
  });
}
