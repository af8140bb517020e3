import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from '../../plugins/core/readings/report.ts';
import { gatekeeper } from '../support/command.ts';
import { eventually, eventWith } from '../support/gateway.ts';
import { mountTmpfs } from '../support/tmpfs.ts';
import { Operator } from './operator.ts';
import { mail, startScene, type Scene } from './provenance-scene.ts';

const plugin = join(import.meta.dirname, '../haraka-plugins/accidents.js');

/** A number of a process that has ended. */
const nobody = 2 ** 22 + 1;

interface Held {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
  readonly recipients: readonly string[];
  readonly header?: readonly string[];
}

/** Runs the command `held` about a gateway. */
async function held(scene: Scene, ...args: readonly string[]) {
  const { code, out } = await gatekeeper(['held', ...args, '--json'], { haraka: scene.test.dir });
  return { code, answer: JSON.parse(out) as { held: Held[]; released?: string[]; dropped?: string[] } };
}

/** What a report says of mail that is held. */
async function reported(scene: Scene): Promise<string[]> {
  const { out } = await gatekeeper(['report', '--section', 'flow', '--json'], { haraka: scene.test.dir });
  const { sections } = JSON.parse(out) as Report;
  return sections.flatMap(({ findings }) =>
    findings.map(({ reading, subject, count }) => `${reading} ${subject} ${count}`),
  );
}

/** Has a plugin send to somebody, and gives the name under which that is held. */
async function unproven(scene: Scene, to: string): Promise<string> {
  await mail(scene.test, [to], 'sends.example');
  await eventually('an empty queue', () => scene.queue().length === 0);
  const { answer } = await held(scene, 'list');
  const [found] = answer.held.filter(({ recipients }) => recipients.includes(to));
  assert.equal(found?.reason, 'no-record');
  return found.id;
}

for (const nodes of [0, 2]) {
  void describe(`mail that is held, with nodes=${nodes}`, () => {
    let scene: Scene;
    const folder = (...names: readonly string[]) => join(scene.test.dir, 'var/gatekeeper/held', ...names);
    before(async () => {
      scene = await startScene({ first: [plugin], nodes });
    });
    after(() => scene.stop());

    /** Whom what was released has reached; at the end it is seen that it did so once. */
    const reached: string[] = [];
    async function delivered(to: string): Promise<void> {
      await eventually(`the message to ${to}`, () => scene.world.count(to) > 0, 10_000);
      reached.push(to);
    }

    void it('is shown with its header and without its text', async () => {
      const id = await unproven(scene, 'shown@one.example');
      assert.deepEqual(await reported(scene), ['held mail no-record 1']);
      const { answer } = await held(scene, 'show', id);
      assert.deepEqual(
        answer.held.map(({ id: name, state }) => [name, state]),
        [[id, 'held']],
      );
      const header = answer.held[0]?.header?.join('\n') ?? '';
      assert.match(header, /^Subject: by itself$/m);
      assert.doesNotMatch(header, /^x$/m);
      const { out } = await gatekeeper(['held', 'show', id], { haraka: scene.test.dir });
      assert.match(out, /^why +no-record: it was not accepted by gatekeeper\/outbound$/m);
      assert.equal((await held(scene, 'show', '0123456789abcdef')).code, 1);
      assert.equal(await new Operator(scene.test).metric('gatekeeper_held_messages'), 1);
    });

    void it('leaves once when it is released, and is proven then', async () => {
      const id = await unproven(scene, 'released@one.example');
      const { code, answer } = await held(scene, 'release', id);
      assert.deepEqual([code, answer.released], [0, [id]]);
      assert.equal((await held(scene, 'release', id)).code, 1);
      await delivered('released@one.example');
      await eventWith(scene.test, {
        ...{ check: 'outbound/provenance', verdict: 'pass', sender: 'boss@corp.example' },
      });
      assert.ok(!existsSync(folder(id)) && !existsSync(folder(`${id}.json`)));
    });

    void it('is gone when it is dropped', async () => {
      const id = await unproven(scene, 'dropped@one.example');
      const { code, answer } = await held(scene, 'drop', id);
      assert.deepEqual([code, answer.dropped], [0, [id]]);
      assert.equal((await held(scene, 'drop', id)).code, 1);
      assert.ok(!readdirSync(folder()).some((file) => file.startsWith(id)));
      assert.deepEqual(await reported(scene), ['held mail no-record 1']);
    });

    void it('leaves at the next start when it is released meanwhile, by two at once', async () => {
      const id = await unproven(scene, 'meanwhile@one.example');
      await scene.restart(async () => {
        const both = await Promise.all([held(scene, 'release', id), held(scene, 'release', id)]);
        assert.deepEqual(both.map(({ code }) => code).sort(), [0, 1]);
      });
      await delivered('meanwhile@one.example');
    });

    void it('leaves once when Haraka is killed behind the release', async () => {
      const id = await unproven(scene, 'killed@one.example');
      assert.equal((await held(scene, 'release', id)).code, 0);
      await scene.restart(undefined, 'SIGKILL');
      await delivered('killed@one.example');
    });

    void it('is there once when Haraka was killed before the queue had lost it', async () => {
      const id = await unproven(scene, 'twice@one.example');
      await scene.restart(() => {
        const now = Date.now();
        const file = `${now}_${now}_0_${nobody}_abcdef_1_host`;
        copyFileSync(folder(id), join(scene.test.dir, 'queue', file));
      }, 'SIGKILL');
      await eventually('an empty queue', () => scene.queue().length === 0, 10_000);
      const { answer } = await held(scene, 'list');
      assert.equal(answer.held.filter(({ id: name }) => name === id).length, 1);
      assert.equal(scene.world.count('twice@one.example'), 0);
    });

    void it('is held on when the command is killed while it releases it', async () => {
      const id = await unproven(scene, 'half@one.example');
      mkdirSync(folder('releasing'), { recursive: true });
      renameSync(folder(id), folder('releasing', `${id}.${nobody}`));
      writeFileSync(folder('releasing', `${id}.${nobody}.new`), 'half');
      const { answer } = await held(scene, 'show', id);
      assert.equal(answer.held[0]?.state, 'held');
      assert.deepEqual(readdirSync(folder('releasing')), []);
      assert.equal((await held(scene, 'release', id)).code, 0);
      await delivered('half@one.example');
    });

    void it('leaves with --all', async () => {
      await unproven(scene, 'all@one.example');
      assert.equal((await held(scene, 'release', '--all')).code, 0);
      await delivered('all@one.example');
      assert.deepEqual((await held(scene, 'list')).answer.held, []);
    });

    void it('left once each time, and not again for as long as a gateway needs to look twice', async () => {
      await delay(3500);
      assert.equal(reached.length, 5);
      for (const to of reached) assert.equal(scene.world.count(to), 1, to);
      for (const kept of ['dropped', 'twice'])
        assert.equal(scene.world.count(`${kept}@one.example`), kept === 'twice' ? 1 : 0);
      assert.deepEqual(scene.queue(), []);
    });
  });
}

void describe('mail that is held on another file system', () => {
  let scene: Scene;
  let unmount: () => void;
  before(async () => {
    scene = await startScene({ first: [plugin] });
    const folder = join(scene.test.dir, 'var/gatekeeper/held');
    mkdirSync(folder, { recursive: true });
    unmount = mountTmpfs(folder, '64k');
  });
  after(async () => {
    unmount();
    await scene.stop();
  });

  void it('is copied there and back', async () => {
    const id = await unproven(scene, 'far@one.example');
    assert.equal((await held(scene, 'release', id)).code, 0);
    await eventually('the message', () => scene.world.count('far@one.example') === 1, 10_000);
    assert.deepEqual((await held(scene, 'list')).answer.held, []);
  });

  void it('stays in the queue while that is full', async () => {
    const folder = join(scene.test.dir, 'var/gatekeeper/held');
    writeFileSync(join(folder, 'ballast'), Buffer.alloc(60 * 1024));
    await mail(scene.test, ['full@one.example'], 'sends.example');
    await eventually('the alarm', () =>
      /\[CRIT\].* cannot hold ref=.* reason="disk-full"/.test(scene.test.log()),
    );
    assert.equal(scene.queue().length, 1);
    assert.equal(scene.world.count('full@one.example'), 0);
  });
});
