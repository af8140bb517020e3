import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { openEventStore } from '../../plugins/core/events/open.ts';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { readSettings } from '../../plugins/core/settings/file.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { plain } from '../support/smtp.ts';
import { alice, greeted } from './traffic.ts';

void describe('events tell, with two workers,', () => {
  let gateway: TestGateway;
  before(async () => {
    gateway = await startTestGateway({ nodes: 2 });
  });
  after(() => gateway.stop());

  const ofSettings = () => gateway.events().filter(({ kind }) => kind === 'settings');

  void it('by twelve bits which wrong password was tried, whoever it was tried at', async () => {
    const tries = [
      ...['alice', 'bob', 'dave', 'nobody'].map((name) => [name, 'summer2026'] as const),
      ['alice', 'winter2026'] as const,
    ];
    for (const [name, password] of tries) await fail(gateway, name, password);
    const client = await alice({ port: gateway.ports.submission });
    client.destroy();
    const logins = await eventually('the logins', () => {
      const found = gateway.events().filter(({ check }) => check === 'auth/login');
      return found.length === tries.length + 1 && found;
    });
    const tags = (password: string) =>
      logins
        .filter(({ login }) => tries.some(([name, tried]) => login?.startsWith(name) && tried === password))
        .filter(({ verdict }) => verdict === 'refuse');
    const sprayed = new Set(tags('summer2026').map(({ wrong_password: tag }) => tag));
    const all = new Set(logins.map(({ wrong_password: tag }) => tag));
    assert.ok([...sprayed].every((tag) => /^[0-9a-f]{3}$/.test(tag ?? '')));
    assert.equal(all.size, 3, 'one of each password, and none of the right one');
    assert.equal(logins.find(({ verdict }) => verdict === 'pass')?.wrong_password, undefined);
    assert.equal(statSync(join(gateway.dir, 'var/gatekeeper/events.key')).mode & 0o777, 0o600);
  });

  void it('that the gateway has started, and which settings are in force or were refused, once each', async () => {
    const file = join(gateway.dir, 'config/gatekeeper.yaml');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, stringify({ ...(parse(before) as object), tsl: {} }));
    await eventually('a refusal', () => ofSettings().length === 2);
    writeFileSync(file, stringify({ ...(parse(before) as object), help_text: 'New' }));
    await eventually('a change', () => ofSettings().length === 3, 10_000);
    const shown = ofSettings().map(({ verdict, reason = '', detail }) => `${verdict} ${reason} ${detail}`);
    assert.equal(shown[0], 'pass  the gateway has started');
    assert.match(shown[1] ?? '', /^refuse settings-refused .*gatekeeper\.yaml:\d+:1: tsl: unknown key/);
    assert.match(shown[2] ?? '', /^pass {2}in force, after \w{12}$/);
  });

  void it('what operators have done, and nothing of what they could not do', async () => {
    const haraka = gateway.dir;
    const commands = [
      ['suspend', 'alice@corp.example', '--because', 'phishing'],
      ['suspend', 'nobody@corp.example'],
      ['release', 'alice@corp.example', '--drop'],
      ['forget', '192.0.2.7'],
      ['held', 'release', '1f3870be274f6c49'],
    ];
    for (const command of commands) await gatekeeper(command, { haraka });
    const done = (await stored(haraka)).filter(({ kind }) => kind === 'operator');
    assert.deepEqual(
      done.map(({ detail }) => detail),
      [
        'suspend alice@corp.example: phishing',
        'release alice@corp.example: 0 of its messages dropped',
        'forget 192.0.2.7',
      ],
    );
    for (const { identity } of done) assert.ok(identity);
  });
});

async function fail(gateway: TestGateway, name: string, password: string): Promise<void> {
  const client = await greeted({ port: gateway.ports.implicit, implicitTls: true });
  const reply = await client.command(`AUTH PLAIN ${plain(`${name}@corp.example`, password)}`);
  assert.equal(reply.code, 535, reply.text);
  client.destroy();
}

async function stored(haraka: string): Promise<GatekeeperEvent[]> {
  const { policy } = readSettings(join(haraka, 'config')).settings;
  const store = openEventStore({ policy, harakaDirectory: haraka });
  const found: GatekeeperEvent[] = [];
  for await (const events of store.events({})) found.push(...events.map(({ event }) => event));
  await store.close();
  return found;
}
