import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { SinkRun, type Where } from '../../../plugins/audit/sinks/run.ts';
import type { GatekeeperEvent } from '../../../plugins/core/events/event.ts';
import { openPlace, type StorePlace } from '../../../plugins/core/events/places.ts';
import { defineEventSink, type EventSink } from '../../../plugins/core/events/sink.ts';
import { eventWith } from '../../core/events/sample-events.ts';
import { key } from '../../core/events/stores.ts';
import { eventually } from '../../support/gateway.ts';

const pace = { look: 20, again: 10, longest: 40, take: 300, drain: 200 };
const base = mkdtempSync(join(tmpdir(), 'gatekeeper-sinks-'));
after(() => {
  rmSync(base, { recursive: true, force: true });
});

let number = 0;

/** A store, with a sink that can be begun anew as after a restart. */
class Scene {
  readonly data = join(base, String((number += 1)));
  readonly file = join(this.data, 'events.db');
  readonly told: string[] = [];
  readonly counted = { taken: 0, failed: 0, missed: 0 };

  get state(): string {
    return join(this.data, 'sinks/mine.json');
  }

  where(place: StorePlace = { kind: 'sqlite', file: this.file, key }): Where {
    return { data: this.data, place: () => place };
  }

  run(take: EventSink['take'], begun = new Date(0)): SinkRun {
    const sink = defineEventSink({ name: 'mine', take });
    const observer = {
      onEvents: (result: 'taken' | 'failed' | 'missed', count: number) => {
        this.counted[result] += count;
      },
      onFault: (problem: string) => this.told.push(problem),
      onNews: (what: string) => this.told.push(what),
    };
    const run = new SinkRun({ sink, node: 'mx1', begun, observer, pace }, this.where());
    void run.run();
    return run;
  }

  async append(events: readonly GatekeeperEvent[], place = this.where().place()): Promise<void> {
    const store = openPlace(place);
    await store.append(events);
    await store.close();
  }
}

const events = (count: number) => Array.from({ length: count }, () => eventWith({}, Date.now()));
const references = (all: readonly { readonly reference: string }[]) => all.map(({ reference }) => reference);

/** Whatever it is with. */
const rejected = (reason: unknown) => Promise.resolve().then(() => Promise.reject(reason as Error));

/** Takes all, and remembers it. */
function taker() {
  const taken: string[] = [];
  const take = (some: readonly { readonly reference: string }[]) => {
    taken.push(...references(some));
    return Promise.resolve();
  };
  return { taken, take };
}

void describe('a sink', () => {
  void it('gets all, some at once, the next ones only when it has taken those before', async () => {
    const scene = new Scene();
    const all = events(450);
    await scene.append(all);
    const taken: string[] = [];
    let under = 0;
    let most = 0;
    scene.run(async (some) => {
      most = Math.max(most, (under += 1));
      await delay(5);
      under -= 1;
      taken.push(...references(some));
    });
    await eventually('all', () => taken.length >= 450);
    assert.deepEqual(taken, references(all));
    assert.equal(most, 1);
    const more = events(3);
    await scene.append(more);
    await eventually('the others', () => taken.length >= 453);
    assert.deepEqual(taken.slice(450), references(more));
    assert.deepEqual(scene.counted, { taken: 453, failed: 0, missed: 0 });
    assert.deepEqual(scene.told, []);
  });

  const mistakes = [
    ['throws', /on purpose/, () => assert.fail('on purpose')],
    ['rejects', /on purpose/, () => Promise.reject(new Error('on purpose'))],
    ['rejects with nothing', /undefined/, () => rejected(undefined)],
    [
      'says something that no terminal should show',
      /\\u001b\[31m/,
      () => Promise.reject(new Error('\x1b[31m')),
    ],
    ['never answers', /it has not taken them within 0\.3 s/, () => new Promise<void>(() => undefined)],
    ['returns nothing', /take returned no promise/, () => undefined],
    ['returns what is no promise', /take returned no promise/, () => true],
    ['resolves with an answer', /resolved with an object/, () => Promise.resolve({ status: 500 })],
    ['resolves with false', /resolved with false/, () => Promise.resolve(false)],
    [
      'has a promise that throws',
      /on purpose/,
      () => ({
        get then() {
          return assert.fail('on purpose');
        },
      }),
    ],
  ] as const;
  for (const [it_, why, mistake] of mistakes) {
    void it(`that ${it_} gets the same again, and is told of`, async () => {
      const scene = new Scene();
      const all = events(3);
      await scene.append(all);
      const handed: (readonly { readonly reference: string }[])[] = [];
      let isMended = false;
      const run = scene.run((some) => {
        handed.push(some);
        return isMended ? Promise.resolve() : (mistake() as unknown as Promise<void>);
      });
      await eventually('some tries', () => handed.length >= 3);
      assert.ok(run.lag > 0);
      isMended = true;
      await eventually('its end', () => scene.counted.taken === 3);
      assert.equal(new Set(handed).size, 1, 'whatever it keeps, it keeps once');
      assert.equal(scene.counted.failed, 3 * (handed.length - 1));
      assert.match(scene.told[0] ?? '', why);
      assert.match(scene.told[0] ?? '', /; 3 events and all behind them come again$/);
      await eventually('nothing that waits', () => run.lag === 0);
    });
  }

  void it('is told by its signal that it has taken too long, and not before', async () => {
    const scene = new Scene();
    await scene.append(events(1));
    const signals: AbortSignal[] = [];
    scene.run((_, signal) => {
      signals.push(signal);
      return signals.length === 1 ? new Promise(() => undefined) : Promise.resolve();
    });
    await eventually('its end', () => scene.counted.taken === 1);
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, false],
    );
  });

  void it('cannot change what it is handed', async () => {
    const scene = new Scene();
    await scene.append([eventWith({ recipients: ['a@b.example'] }, Date.now())]);
    let tried = 0;
    scene.run(([event]) => {
      assert.throws(() => Reflect.apply(Array.prototype.push, event?.recipients, ['x']), TypeError);
      assert.throws(() => Object.assign(event ?? {}, { identity: 'x' }), TypeError);
      tried += 1;
      return Promise.resolve();
    });
    await eventually('the try', () => tried === 1);
    await eventually('its end', () => scene.counted.taken === 1);
  });

  void it('begins with what falls from now on, and goes on where it was after a restart', async () => {
    const scene = new Scene();
    await scene.append([eventWith({}, Date.now() - 5000)]);
    const now = events(2);
    const first = taker();
    const begun = new Date(Date.now() - 1000);
    let isOver = false;
    scene.run((some) => (isOver ? rejected('over') : first.take(some)), begun);
    await scene.append(now);
    await eventually('what fell since', () => first.taken.length === 2);
    assert.deepEqual(first.taken, references(now));
    await eventually('a note', () => readFileSync(scene.state, 'utf8').includes('"isRead":true'));
    isOver = true;
    const second = taker();
    const later = events(3);
    await scene.append(later);
    scene.run(second.take, new Date());
    await eventually('the rest', () => second.taken.length === 3);
    assert.deepEqual(second.taken, references(later));
  });

  void it('waits where nobody knows how far it has come', async () => {
    const scene = new Scene();
    mkdirSync(dirname(scene.state), { recursive: true });
    writeFileSync(scene.state, '{"v":1,"place":"x"}');
    const all = events(2);
    await scene.append(all);
    const { taken, take } = taker();
    scene.run(take);
    await eventually('a word', () => scene.told.length > 0);
    assert.match(scene.told[0] ?? '', /sinks\/mine\.json does not say where to go on/);
    assert.deepEqual(taken, []);
    rmSync(scene.state);
    await eventually('all', () => taken.length === 2);
  });

  void it('goes on in a store that was put in the place of its own', async () => {
    const scene = new Scene();
    await scene.append(events(20));
    const { taken, take } = taker();
    scene.run(take);
    await eventually('all', () => taken.length === 20);
    for (const end of ['', '-wal', '-shm']) {
      try {
        renameSync(`${scene.file}${end}`, `${scene.file}.away${end}`);
      } catch {
        // Of these there need not be any.
      }
    }
    const others = events(2);
    await scene.append(others);
    await eventually('what is in the other one', () => taken.length >= 22);
    assert.deepEqual(taken.slice(20), references(others));
  });

  void it('goes on with other settings when it has all of the store before, those included that come late', async () => {
    const scene = new Scene();
    const [early, late, others] = [events(2), events(2), events(2)];
    await scene.append(early);
    const { taken, take } = taker();
    const run = scene.run(take);
    await eventually('some', () => taken.length === 2);
    const lines: StorePlace = {
      ...{ kind: 'file', file: join(scene.data, 'events.jsonl') },
      ...{ maxBytes: 1e6, keep: 2, key },
    };
    run.use(scene.where(lines));
    await scene.append(others, lines);
    await scene.append(late);
    await eventually('all', () => taken.length >= 6);
    assert.deepEqual(taken, references([...early, ...late, ...others]));
    assert.match(readFileSync(scene.state, 'utf8'), /"store":"file /);
  });

  void it('waits for a store that cannot be read, and gets all then', async () => {
    const scene = new Scene();
    mkdirSync(scene.file, { recursive: true });
    const { taken, take } = taker();
    scene.run(take);
    await eventually('a word', () => scene.told.length > 0);
    assert.match(scene.told[0] ?? '', /^the events cannot be read: /);
    rmSync(scene.file, { recursive: true });
    const all = events(2);
    await scene.append(all);
    await eventually('all', () => taken.length === 2);
    assert.equal(scene.told.at(-1), 'goes on');
  });
});

void describe('the definition of a sink', () => {
  for (const wrong of [
    { name: 'Upper', take: () => Promise.resolve() },
    { name: '../x', take: () => Promise.resolve() },
    { name: '', take: () => Promise.resolve() },
    { take: () => Promise.resolve() },
    { name: 'mine' },
    { name: 'mine', take: true },
  ]) {
    void it(`throws for ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => defineEventSink(wrong as unknown as EventSink), TypeError);
    });
  }

  void it('takes an instance of a class', async () => {
    class Mine implements EventSink {
      readonly name = 'mine';
      #count = 0;
      take(): Promise<void> {
        this.#count += 1;
        return Promise.resolve();
      }
      get count(): number {
        return this.#count;
      }
    }
    const mine = new Mine();
    await defineEventSink(mine).take([], AbortSignal.abort());
    assert.equal(mine.count, 1);
  });
});
