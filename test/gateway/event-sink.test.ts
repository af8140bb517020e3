import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { openEventStore } from '../../plugins/core/events/open.ts';
import type { GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { readSettings } from '../../plugins/core/settings/file.ts';
import { startGateway, type Gateway, type Settings } from '../../scripts/demo/gateway.ts';
import {
  eventually,
  refusalsOf,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../support/gateway.ts';
import { startPostgresql } from '../support/postgresql.ts';
import { alice, send } from './traffic.ts';

const plugin = join(import.meta.dirname, '../haraka-plugins/event-sinks.js');

/** As long as a busy machine takes. */
const longestMs = 60_000;

/** A gateway with the two sinks, which can be ended and begun again. */
class Scene {
  readonly #test: TestGateway;
  running: Gateway;

  constructor(test: TestGateway) {
    this.#test = test;
    this.running = test.gateway;
  }

  static async start(options: TestGatewayOptions): Promise<Scene> {
    return new Scene(await startTestGateway({ last: [plugin], ...options }));
  }

  async restart(end: () => void): Promise<void> {
    end();
    await this.running.exited;
    const { dir, ports } = this.#test;
    this.running = await startGateway({ dir, ports, directoryUrl: '', sinkPort: 0, reuse: true });
  }

  async stop(): Promise<void> {
    await this.running.stop();
    await this.#test.stop();
  }

  be(mood: string): void {
    writeFileSync(join(this.running.dir, 'mood'), mood);
  }

  taken(name: 'steady' | 'moody'): readonly string[] {
    const file = join(this.running.dir, `${name}.taken`);
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  }

  tries(mood: string): number {
    const file = join(this.running.dir, 'moody.tries');
    return existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((each) => each === mood).length
      : 0;
  }

  /** What `gatekeeper events` would show. */
  async stored(): Promise<readonly string[]> {
    const { dir } = this.running;
    const { policy } = readSettings(join(dir, 'config')).settings;
    const store = openEventStore({ policy, harakaDirectory: dir });
    const all: GatekeeperEvent[] = [];
    for await (const events of store.events({})) all.push(...events.map(({ event }) => event));
    await store.close();
    return all.map(({ time, reference, verdict }) => `${time} ${reference} ${verdict}`);
  }

  async mail(count: number): Promise<void> {
    const client = await alice({ port: this.#test.ports.submission });
    for (let index = 0; index < count; index += 1) {
      const { text } = await send(client, { from: 'alice@corp.example', to: `n${index}@one.example` });
      assert.match(text, /^250 /);
    }
    client.destroy();
  }

  change(settings: Settings): void {
    const file = join(this.running.dir, 'config/gatekeeper.yaml');
    const before = parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, stringify({ ...before, ...settings }));
  }

  /** Waits until a sink has everything that is stored, and nothing more comes; gives what it was handed, each once. */
  async allTaken(name: 'steady' | 'moody', earlier: readonly string[] = []): Promise<readonly string[]> {
    const deadline = Date.now() + longestMs;
    for (;;) {
      const wanted = [...new Set([...earlier, ...(await this.stored())])];
      const once = [...new Set(this.taken(name))];
      const missing = wanted.filter((each) => !once.includes(each));
      if (missing.length === 0) return once;
      assert.ok(Date.now() < deadline, `${name} never got ${missing.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

for (const nodes of [0, 2]) {
  void describe(`sinks of a plugin, with ${nodes === 0 ? 'one process' : 'two workers'},`, () => {
    let scene: Scene;
    before(async () => {
      scene = await Scene.start({ nodes });
    });
    after(() => scene.stop());

    void it('get every event in the order of the store, and none twice where nothing fails', async () => {
      await scene.mail(5);
      for (const name of ['steady', 'moody'] as const) {
        await scene.allTaken(name);
        assert.deepEqual(scene.taken(name), (await scene.stored()).slice(0, scene.taken(name).length));
      }
      assert.ok(scene.taken('steady').length >= 5 * 5);
    });

    for (const mood of ['throws', 'rejects', 'nonsense', 'slow', 'hangs']) {
      void it(`do not wait for one that ${mood}, and neither does mail; it gets all later`, async () => {
        scene.be(mood);
        await scene.mail(1);
        await eventually('a try', () => scene.tries(mood) > 0, longestMs);
        await scene.mail(4);
        await scene.allTaken('steady');
        const before = scene.taken('moody').length;
        if (mood !== 'slow') assert.ok(before < scene.taken('steady').length);
        scene.be('good');
        // What hangs may do so for half a minute.
        await scene.allTaken('moody');
      });
    }

    void it('lose nothing when all processes are killed, while one takes and the other cannot', async () => {
      scene.be('rejects');
      const sending = scene.mail(60).catch(() => undefined);
      await eventually(
        'some',
        () => scene.tries('rejects') > 1 && scene.taken('steady').length > 100,
        longestMs,
      );
      await scene.restart(() => process.kill(-(scene.running.process.pid ?? 0), 'SIGKILL'));
      await sending;
      scene.be('good');
      await scene.mail(2);
      const [steady, moody] = [await scene.allTaken('steady'), await scene.allTaken('moody')];
      const stored = await scene.stored();
      assert.deepEqual(steady, stored.slice(0, steady.length), 'in the order of the store');
      assert.deepEqual(moody, stored.slice(0, moody.length));
    });

    void it('go on in another store when the settings name one, and lose nothing', async () => {
      await scene.mail(3);
      const earlier = await scene.stored();
      scene.change({ audit: { store: 'file' } });
      await scene.mail(3);
      await eventually(
        'the settings',
        () => /audit\/settings|is in force/.test(scene.running.log()),
        longestMs,
      );
      await scene.mail(3);
      for (const name of ['steady', 'moody'] as const) await scene.allTaken(name, earlier);
      rmSync(join(scene.running.dir, 'mood'), { force: true });
    });
  });
}

void describe('a sink of a plugin, with two workers and events', () => {
  void it('in files, gets all of them', async () => {
    const scene = await Scene.start({ nodes: 2, settings: { audit: { store: 'file', max_bytes: 100_000 } } });
    try {
      await scene.mail(20);
      await scene.allTaken('steady');
    } finally {
      await scene.stop();
    }
  });

  void it('in PostgreSQL, gets all of its own gateway, and none of another', async () => {
    const server = await startPostgresql();
    server.sql('postgres', 'CREATE DATABASE events');
    const { port, user, passwordFile } = server;
    const place = {
      host: '127.0.0.1',
      port,
      database: 'events',
      user,
      tls: 'off',
      password_file: 'pg.password',
    };
    const scene = await Scene.start({
      nodes: 2,
      settings: { audit: { store: 'postgresql', postgresql: place } },
      config: { 'pg.password': readFileSync(passwordFile, 'utf8') },
    });
    try {
      await scene.mail(2);
      await scene.allTaken('steady');
      const copy = `INSERT INTO gatekeeper.event SELECT place + 100000, time, jsonb_set(jsonb_set(body::jsonb,
        '{node}', '"other"'), '{reference}', '"of another"')::text FROM gatekeeper.event`;
      server.sql('events', `${copy}; UPDATE gatekeeper.state SET place = place + 200000`);
      await scene.mail(2);
      const isOwn = (line: string) => !line.includes('of another');
      await eventually(
        'the rest',
        () => scene.taken('steady').filter((line) => line.includes('outbound/queue')).length === 4,
        longestMs,
      );
      assert.deepEqual(
        scene.taken('steady').filter((line) => !isOwn(line)),
        [],
      );
    } finally {
      await scene.stop();
      await server.stop();
    }
  });
});

void describe('the start is refused', () => {
  void it('with a sink where nobody keeps events', async () => {
    const plugins = ['gatekeeper/tls', 'tls', 'gatekeeper/auth', 'gatekeeper/sender', 'gatekeeper/outbound'];
    assert.deepEqual(
      await refusalsOf({ plugins, last: [plugin] }),
      ['steady', 'moody'].map(
        (name) => `the event sink ${name} needs gatekeeper/audit, which config/plugins does not load`,
      ),
    );
  });
});
