import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { limitAccount } from '../../plugins/core/limits/windows.ts';
import { isUnproven, judgeProvenance } from '../../plugins/core/provenance/judge.ts';
import { outgoingOf, readQueueFile } from '../../plugins/core/provenance/queue-file.ts';
import { recordName } from '../../plugins/core/provenance/record.ts';
import { openStoreIfAny } from '../../plugins/core/store/sqlite.ts';
import { Suspensions } from '../../plugins/core/suspension/registry.ts';
import { peopleBase } from '../../scripts/demo/people.ts';
import { lastLines, startGateway, type Gateway } from '../../scripts/demo/gateway.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually } from '../support/gateway.ts';
import { deferredOnce, startLoad, type Load, type Sent } from './crash-load.ts';
import { due, mail, startScene, type Scene } from './provenance-scene.ts';

/** How often the gateway is killed. */
const crashes = Number(process.env['CRASHES'] ?? 2);
const isNightly = process.env['CRASHES'] !== undefined;
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
const plugin = join(import.meta.dirname, '../haraka-plugins/accidents.js');

/** Limits and signs that are counted at every message, and that nobody reaches. */
const many = 1_000_000;
const settings = {
  limits: { messages_per_hour: many, recipients_per_hour: many, soft_messages_per_hour: many, sessions: 100 },
  suspension: { mode: 'enforce', recipients: many },
};

const identityId = (name: string) => `uid=${name},${peopleBase}`;

/** The same numbers for the same seed (mulberry32). */
function numbersFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What the world has taken of the load: how often each recipient got each message, and which copies were cut short. */
class Deliveries {
  readonly #scene: Scene;
  readonly #counts = new Map<string, number>();
  readonly cut: string[] = [];
  #seen = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  count(id: string, recipient: string): number {
    this.#look();
    return this.#counts.get(`${id} ${recipient}`) ?? 0;
  }

  /** Copies beyond the first. */
  extra(): number {
    this.#look();
    return [...this.#counts.values()].reduce((sum, count) => sum + count - 1, 0);
  }

  #look(): void {
    for (const { lines, to } of this.#scene.world.taken.slice(this.#seen)) {
      const id = lines.find((line) => line.startsWith('Message-ID: '))?.slice('Message-ID: '.length) ?? '';
      if (!id.startsWith('<crash.')) continue;
      if (lines.at(-1) !== 'the end') this.cut.push(id);
      for (const each of to) {
        const key = `${id} ${each}`;
        this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
      }
    }
    this.#seen = this.#scene.world.taken.length;
  }
}

/** Recipients in the queue by Message-ID; throws for a file that would not leave. */
async function queued(scene: Scene): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const file of scene.queue()) {
    const path = join(scene.test.dir, 'queue', file);
    const { header } = await readQueueFile(path);
    const outgoing = outgoingOf(header);
    const judged = judgeProvenance(header.notes[recordName], outgoing);
    if (isUnproven(judged)) throw new Error(`${file}: ${judged.reason}: ${judged.detail}`);
    assert.equal(judged.origin.kind, 'identity', 'nothing has bounced');
    assert.match(readFileSync(path, 'latin1'), /the end\r\n$/, `${file} is cut short`);
    const recipients = found.get(judged.message_id ?? '') ?? new Set();
    for (const [address] of outgoing.recipients) recipients.add(address);
    found.set(judged.message_id ?? '', recipients);
  }
  return found;
}

for (const nodes of isNightly ? [0, 2] : [2]) {
  void describe(`a gateway with nodes=${nodes} that is killed ${crashes} times (SEED=${seed})`, () => {
    let scene: Scene;
    let load: Load | undefined;
    let running: Gateway | undefined;
    let deliveries: Deliveries;
    /** At each kill: who waited for an answer to a message, and sessions with the world. */
    const inFlight: { clients: number; deliveries: number; pid: number }[] = [];
    let heldBefore: string[];
    const random = numbersFrom(seed);
    const suspensions = () => new Suspensions(join(scene.test.dir, 'var/gatekeeper'));
    const sent = () => load?.sent ?? [];
    const accepted = () => sent().filter(({ state }) => state === 'accepted');

    before(async () => {
      scene = await startScene({ nodes, first: [plugin], settings });
      deliveries = new Deliveries(scene);
      const deferred = new Set<string>();
      scene.world.answer = (to) => {
        if (!to.startsWith(deferredOnce) || deferred.has(to)) return undefined;
        deferred.add(to);
        return '450 4.2.1 Later';
      };
      await mail(scene.test, ['held@one.example'], 'sends.example');
      await eventually('a message that is held', () => scene.held().length === 1);
      heldBefore = contentsOf(join(scene.test.dir, 'var/gatekeeper/held'));
      await suspensions().suspend({
        ...{ v: 1, id: identityId('carol'), name: 'carol@corp.example', since: new Date().toISOString() },
        ...{ cause: 'by-hand', detail: 'by root' },
      });
      running = scene.test.gateway;
      load = startLoad(scene.test.ports.submission, random);
    });
    after(async () => {
      await load?.stop();
      await running?.stop();
      await scene.stop();
    });

    async function crash(): Promise<void> {
      const { pid } = running?.process ?? {};
      assert.ok(pid);
      inFlight.push({ clients: load?.open() ?? 0, deliveries: scene.world.open(), pid });
      process.kill(-pid, 'SIGKILL');
      await running?.stop();
      for (const message of sent()) if (message.state === 'open') message.state = 'begun';
    }

    /** What was accepted and is neither delivered nor in the queue. */
    async function lost(): Promise<string[]> {
      const waiting = await queued(scene);
      return accepted().flatMap(({ id, recipients }) =>
        recipients
          .filter((to) => deliveries.count(id, to) === 0 && waiting.get(id)?.has(to) !== true)
          .map((to) => `${id} to ${to}`),
      );
    }

    /** Some are killed while they start, most of them in the middle of their work. */
    async function work(): Promise<void> {
      const before = accepted().length;
      if (!isNightly || random() < 0.8) {
        const isTaken = () => accepted().length > before;
        // Its log is gone with it.
        await eventually('a message that is taken', isTaken, 30_000).catch((error: unknown) => {
          throw new Error(lastLines(running?.log() ?? ''), { cause: error });
        });
      }
      await delay(random() * (isNightly ? 2000 : 500));
    }

    void it('has every message that it took, in the queue or delivered, whenever it is killed', async (test) => {
      for (let number = 1; number <= crashes; number += 1) {
        await work();
        await crash();
        assert.deepEqual(await lost(), [], `lost at crash ${number}`);
        const isLast = number === crashes;
        if (isLast) await comeToTheEnd();
        const { dir, ports } = scene.test;
        const again = { dir, ports, directoryUrl: '', sinkPort: 0, reuse: true, ready: isLast };
        running = await startGateway(again);
      }
      test.diagnostic(`${sent().length} messages begun, ${accepted().length} accepted`);
    });

    /** Nobody sends any more, nobody defers, and what waits for a later try is due. */
    async function comeToTheEnd(): Promise<void> {
      await load?.stop();
      scene.world.answer = () => undefined;
      const queue = join(scene.test.dir, 'queue');
      for (const file of scene.queue()) renameSync(join(queue, file), join(queue, due(file)));
    }

    void it('delivers all of them, each copy whole, and no more twice than were on their way', async (test) => {
      await eventually('an empty queue', () => scene.queue().length === 0, 60_000);
      assert.deepEqual(await lost(), []);
      assert.deepEqual(deliveries.cut, []);
      const onTheirWay = inFlight.reduce((sum, each) => sum + each.deliveries, 0);
      test.diagnostic(`${deliveries.extra()} copies too many, ${onTheirWay} deliveries in flight`);
      assert.ok(deliveries.extra() <= onTheirWay, `${deliveries.extra()} copies, ${onTheirWay} in flight`);
      assert.deepEqual(
        readdirSync(join(scene.test.dir, 'queue')),
        [],
        'nothing half-written is left, nor put aside',
      );
    });

    void it('holds what it held, and nothing else', () => {
      assert.deepEqual(contentsOf(join(scene.test.dir, 'var/gatekeeper/held')), heldBefore);
    });

    void it('still knows who is suspended', async () => {
      const all = await suspensions().all();
      assert.deepEqual(
        all.map(({ name }) => name),
        ['carol@corp.example'],
      );
      assert.ok(suspensions().isSuspended(identityId('carol')));
    });

    void it('has counted every message that it took', async (test) => {
      const store = openStoreIfAny(join(scene.test.dir, 'var/gatekeeper'));
      assert.ok(store);
      for (const name of new Set(sent().map(({ account }) => account))) {
        const [took, begun] = [accepted(), sent()].map(
          (list: readonly Sent[]) => list.filter(({ account }) => account === name).length,
        );
        const tallies = await store.ofAccount(limitAccount(identityId(name)));
        const counted = tallies.get('limit/hour')?.level ?? 0;
        test.diagnostic(`${name}: ${took} accepted, ${counted} counted, ${begun} begun`);
        assert.ok(took !== undefined && counted >= took && counted <= (begun ?? 0) + 1);
      }
      store.close();
    });

    void it('finds them again by gatekeeper trace', async () => {
      const all = accepted();
      for (const at of [0, 0.3, 0.6, 0.99]) {
        const message = all[Math.floor(at * all.length)];
        let out = '';
        const isDelivered = async () => {
          out = (await gatekeeper(['trace', message?.id ?? ''], { haraka: scene.test.dir })).out;
          return out.includes('delivered');
        };
        // Events of deliveries are written beside them.
        await eventually('its delivery in the trace', isDelivered).catch(() => assert.fail(out));
      }
    });
  });
}

function contentsOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => `${name} ${readFileSync(join(folder, name), 'base64')}`)
    .sort();
}
