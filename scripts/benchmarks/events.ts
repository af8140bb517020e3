import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { completed, type EventDraft, type GatekeeperEvent } from '../../plugins/core/events/event.ts';
import { isAdverse } from '../../plugins/core/events/fields.ts';
import type { StorePlace } from '../../plugins/core/events/places.ts';
import type { EventStore } from '../../plugins/core/events/store.ts';
import { dayMs } from '../../plugins/core/events/tallies.ts';
import type { EventWriter } from '../../plugins/core/events/writer.ts';
import { parseStat } from './cpu.ts';
import { Population } from './events-population.ts';

/** Events that are appended in one step. */
const inBatch = 5000;

/** Events of which the way to the writer is measured, at most. */
const onHotPath = 50_000;

/** Events that come at once there, as those of some sessions do. */
const atOnce = 50;

/** By the clock and by the CPU time of the process, in ms. */
export interface Taken {
  readonly wall: number;
  readonly cpu: number;
}

export interface StoreFigures {
  readonly events: number;
  readonly adverse: number;
  /** CPU time of writing is that of this process: PostgreSQL has its own. */
  readonly appended: Taken;
  readonly bytes: number;
  /** Days that are over, as a gateway does once for each. */
  readonly digested: Taken;
  /** In a thread that has read none before, as the page has it. */
  readonly overview: readonly Taken[];
  readonly report: readonly Taken[];
  readonly message: readonly Taken[];
  readonly account: readonly Taken[];
}

export interface EventFigures {
  /** Microseconds of CPU time of the event loop for one event, with all that the writer does there. */
  readonly hotPath: number;
  readonly store: StoreFigures;
  /** Of the system, before and after. */
  readonly load: readonly number[];
}

interface Caller {
  readonly events: number;
  readonly rounds: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const key = 'ab'.repeat(32);

/** Writes so many events into a store, and reads them as the page does. */
export async function measureEvents(caller: Caller): Promise<EventFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-bench-events-'));
  const before = loadavg()[0] ?? 0;
  try {
    caller.say('events on their way to the writer');
    const hotPath = await measureHotPath(
      { kind: 'sqlite', file: join(folder, 'hot.db'), key },
      Math.min(caller.events, onHotPath),
    );
    const store = await measureStore({ kind: 'sqlite', file: join(folder, 'events.db'), key }, caller);
    return { hotPath, store, load: [before, loadavg()[0] ?? 0] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From `publish` to the thread, and back to who waits for the disk; as `gatekeeper/audit` does, without a webhook. */
async function measureHotPath(place: StorePlace, events: number): Promise<number> {
  const fail = (error: unknown) => {
    throw new Error(`an event was lost: ${String(error)}`);
  };
  const { EventWriter, Counts, countEvent, hearEvents, publish } = await built();
  const writer = new EventWriter({
    place,
    spoolFolder: join(tmpdir(), 'gatekeeper-bench-spool'),
    isSpooling: false,
    alarm: fail,
    onLost: () => fail('too many'),
  });
  // The thread of the writer keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  const counts = new Counts();
  hearEvents((event) => writer.take(event));
  hearEvents((event) => countEvent(counts, event));
  const population = new Population(events, Date.now());
  // What the first part takes is the compiler's.
  await spentOn(writer, publish, draftsOf(population, Math.ceil(events / 10)), fail);
  const spent = await spentOn(writer, publish, draftsOf(population, events), fail);
  await writer.close();
  clearInterval(alive);
  return (1000 * spent) / events;
}

type Publish = (draft: EventDraft, onFault: (error: unknown) => void) => void;

/** As it is shipped: a thread of Node.js runs JavaScript. */
async function built() {
  const folder = join(import.meta.dirname, '../../dist');
  const [event, writer, places, reading, counts, ofEvent] = await Promise.all(
    [
      ...['core/events/event', 'core/events/writer', 'core/events/places', 'core/readings/read-aside'],
      ...['audit/metrics/counts', 'audit/metrics/of-event'],
    ].map((name) => import(join(folder, `${name}.js`)) as Promise<unknown>),
  );
  return {
    ...(event as typeof import('../../plugins/core/events/event.ts')),
    ...(writer as typeof import('../../plugins/core/events/writer.ts')),
    ...(places as typeof import('../../plugins/core/events/places.ts')),
    ...(reading as typeof import('../../plugins/core/readings/read-aside.ts')),
    ...(counts as typeof import('../../plugins/audit/metrics/counts.ts')),
    ...(ofEvent as typeof import('../../plugins/audit/metrics/of-event.ts')),
  };
}

async function spentOn(
  writer: EventWriter,
  publish: Publish,
  drafts: readonly EventDraft[],
  fail: (error: unknown) => void,
): Promise<number> {
  const begin = eventLoopMs();
  for (let start = 0; start < drafts.length; start += atOnce) {
    for (const draft of drafts.slice(start, start + atOnce)) publish(draft, fail);
    await writer.onDisk();
  }
  return eventLoopMs() - begin;
}

/** CPU time of the thread of the event loop, whose number is that of the process: to 10 ms. */
function eventLoopMs(): number {
  return 10 * parseStat(readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8')).ticks;
}

function draftsOf(population: Population, count: number): EventDraft[] {
  const drafts: EventDraft[] = [];
  while (drafts.length < count) drafts.push(...population.next());
  return drafts.slice(0, count);
}

async function measureStore(
  place: StorePlace,
  { events, rounds, say, signal }: Caller,
): Promise<StoreFigures> {
  const { openPlace, readAside } = await built();
  const store = openPlace(place);
  const until = Date.now();
  try {
    const filled = await fill(store, { events, until, say, signal });
    const { messageId, account } = filled.known;
    const ask = async (what: () => Promise<unknown>) => {
      const times: Taken[] = [];
      for (let round = 0; round <= rounds; round += 1) times.push(await timed(what));
      return times.slice(1);
    };
    say('sums up days that are over');
    const forever = { clearBefore: new Date(0), keepAfter: new Date(0), maxBytes: Infinity };
    const digested = await timed(() => store.maintain({ ...forever, digestBefore: new Date(until) }));
    const bytes = (await store.size()) / events;
    const reportOf = (days: number) => () =>
      readAside({
        ...{ place, since: new Date(until - days * dayMs), until: new Date(until), held: undefined },
        settings: { partners: [], protected_domains: [] },
      });
    say('reads what was counted');
    const [overview, report] = [await ask(reportOf(1)), await ask(reportOf(30))];
    say('looks for a message and for an account');
    const message = await ask(() => firstBatches(store, messageId));
    return {
      ...filled,
      ...{ bytes, digested },
      overview,
      report,
      message,
      account: await ask(() => firstBatches(store, account)),
    };
  } finally {
    await store.close();
  }
}

/** As many as the page looks at, which ends with the messages that fit on it. */
async function firstBatches(store: EventStore, mentions: string): Promise<number> {
  let count = 0;
  for await (const batch of store.events({ mentions, order: 'newest-first' })) {
    count += batch.length;
    if (count >= 500) break;
  }
  if (count === 0) throw new Error(`nothing mentions ${mentions}`);
  return count;
}

interface Filling extends Omit<Caller, 'rounds'> {
  readonly until: number;
}

async function fill(store: EventStore, { events, until, say, signal }: Filling) {
  const population = new Population(events / eventsInSession(), until);
  const total = { wall: 0, cpu: 0 };
  let [messageId, adverse, done] = ['', 0, 0];
  while (done < events) {
    signal.throwIfAborted();
    const batch = draftsOf(population, Math.min(inBatch, events - done)).map((draft) => completed(draft));
    const { wall, cpu } = await timed(() => store.append(batch));
    total.wall += wall;
    total.cpu += cpu;
    adverse += batch.filter(isAdverse).length;
    if (done <= events / 2) messageId = aMessageIn(batch) ?? messageId;
    done += batch.length;
    if (done % 100_000 === 0)
      say(`${done} events are in the store, ${Math.round((1000 * done) / total.wall)} in a second`);
  }
  return {
    events,
    adverse: adverse / events,
    appended: total,
    known: { messageId, account: 'user0@corp.example' },
  };
}

function aMessageIn(batch: readonly GatekeeperEvent[]): string | undefined {
  return batch.find(({ message_id: id }) => id !== undefined)?.message_id;
}

/** How many events there are to a session, of which a first part is representative. */
function eventsInSession(): number {
  const population = new Population(1000, 0);
  return (
    Array.from({ length: 1000 }, () => population.next().length).reduce((sum, each) => sum + each, 0) / 1000
  );
}

async function timed(work: () => Promise<unknown>): Promise<Taken> {
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wall: performance.now() - wall, cpu: (user + system) / 1000 };
}
