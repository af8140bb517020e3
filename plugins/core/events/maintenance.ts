import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Change, Ground, Span } from './ground.ts';
import { Person, tallyWithoutNames, withoutNames, withoutPerson, type Rename } from './personal.ts';
import { pseudonym } from './pseudonym.ts';
import { joined } from './rows.ts';
import type { Erased, Limits, Maintained, StoredEvent } from './store.ts';
import { dayMs, hourMs, topics, type Tally, type Topic } from './tallies.ts';
import { isPseudonym, termOf } from './terms.ts';

/** Events or tallies that one step takes. */
const stepSize = 500;

const always: Span = { from: -1e15, before: 1e15 };

/** Has nothing name anybody after a while, and takes away what is too old or too much. */
export async function maintainIn(ground: Ground, limits: Limits): Promise<Maintained> {
  const keepAfter = limits.keepAfter.getTime();
  const tooOld = await removeEvents(ground, { ...always, before: keepAfter });
  await eachTopic((topic) => removeTallies(ground, topic, keepAfter));
  const tooMuch = await removeBeyond(ground, limits.maxBytes);
  const rename = renameBy(ground.key);
  const clearBefore = limits.clearBefore.getTime();
  const pseudonymised = await upTo(ground, clearBefore, async (span) => {
    const done = await eachStep(eventsIn(ground, span), (event) => withoutNames(event, rename), ground);
    await eachTopic((topic) =>
      recountTallies(ground, topic, overBy(topic, span), (tally) => tallyWithoutNames(tally, rename)),
    );
    return done;
  });
  return { pseudonymised, removed: tooOld + tooMuch };
}

/** Has nothing name a person any more, under a key that nobody has: not even who runs the gateway can tell who it was. */
export async function eraseIn(ground: Ground, names: readonly string[]): Promise<Erased> {
  const { person, rename } = erasureOf(ground.key, names);
  const events = await eachStep(
    eventsIn(ground, always),
    (event) => (person.isNamedIn(event) ? withoutPerson(event, person, rename) : event),
    ground,
  );
  let tallies = 0;
  await eachTopic(async (topic) => {
    tallies += await recountTallies(ground, topic, always, (tally) =>
      person.isCountedIn(tally) ? tallyWithoutNames(tally, rename) : tally,
    );
  });
  return { events, tallies };
}

/** The same name for the same, and none for what is one already. */
export function renameBy(key: string): Rename {
  return (name) => (isPseudonym(name) ? name : pseudonym(key, name));
}

/** Who is meant, whether their names are still read or were made hashes already, and what they become. */
export function erasureOf(key: string, names: readonly string[]): { person: Person; rename: Rename } {
  const known = new Map(names.map((name) => [pseudonym(key, name), termOf(name)]));
  const nobodys = randomBytes(32).toString('hex');
  return {
    person: new Person(names, [...known.keys()]),
    rename: (name) => pseudonym(nobodys, known.get(name) ?? name),
  };
}

/** Does what is left to do up to a time, again where something older came meanwhile. */
async function upTo(ground: Ground, before: number, work: (span: Span) => Promise<number>): Promise<number> {
  let done = 0;
  for (;;) {
    const from = await ground.begin(before);
    if (from >= before) return done;
    done += await work({ from, before });
    if (await ground.finish(before)) return done;
  }
}

async function* eventsIn(ground: Ground, span: Span): AsyncGenerator<readonly StoredEvent[]> {
  let last: StoredEvent | undefined;
  for (;;) {
    const batch = await ground.oldest(span, last, stepSize);
    last = batch.at(-1);
    if (last === undefined) return;
    yield batch;
    await setImmediate();
  }
}

/** How many events became others. */
async function eachStep(
  batches: AsyncIterable<readonly StoredEvent[]>,
  change: (event: StoredEvent['event']) => StoredEvent['event'],
  ground: Ground,
): Promise<number> {
  let done = 0;
  for await (const batch of batches) {
    const changes = batch.flatMap(({ place, event: before }): Change[] => {
      const after = change(before);
      return isSame(before, after) ? [] : [{ place, before, after }];
    });
    if (changes.length > 0) done += await ground.edit(changes);
  }
  return done;
}

async function removeEvents(ground: Ground, span: Span): Promise<number> {
  let removed = 0;
  for await (const batch of eventsIn(ground, span)) removed += await remove(ground, batch);
  return removed;
}

function remove(ground: Ground, events: readonly StoredEvent[]): Promise<number> {
  return ground.edit(events.map(({ place, event }) => ({ place, before: event })));
}

/** The oldest go first, until what is left has room. */
async function removeBeyond(ground: Ground, maxBytes: number): Promise<number> {
  let removed = 0;
  if (maxBytes === Infinity || (await ground.needed()) <= maxBytes) return removed;
  for await (const batch of eventsIn(ground, always)) {
    removed += await remove(ground, batch);
    if ((await ground.needed()) <= maxBytes) return removed;
  }
  return removed;
}

async function eachTopic(work: (topic: Topic) => Promise<unknown>): Promise<void> {
  for (const topic of Object.keys(topics) as Topic[]) await work(topic);
}

/** The hours or days that are in a span to their ends; from one before it on, which may have ended in it. */
function overBy(topic: Topic, { from, before }: Span): Span {
  const length = topics[topic].per === 'hour' ? hourMs : dayMs;
  return { from: from - length, before: before - length + 1 };
}

/** Of hours or days that were over by then. */
async function removeTallies(ground: Ground, topic: Topic, keepAfter: number): Promise<void> {
  const span = overBy(topic, { ...always, before: keepAfter });
  for await (const batch of talliesIn(ground, topic, span)) await ground.recount([], batch);
}

/** How many became others; those that somebody adds to at the same time are read again. */
async function recountTallies(
  ground: Ground,
  topic: Topic,
  span: Span,
  change: (tally: Tally) => Tally,
): Promise<number> {
  let done = 0;
  for await (const batch of talliesIn(ground, topic, span)) {
    const old = batch.filter((tally) => !isSame(tally, change(tally)));
    if (old.length === 0) continue;
    const isDone = await ground.recount(joined(old.map(change)), old);
    done += isDone ? old.length : await recountTallies(ground, topic, onlyOf(batch), change);
  }
  return done;
}

/** The hours or days of a batch. */
function onlyOf(batch: readonly Tally[]): Span {
  const times = batch.map(({ at }) => at);
  return { from: Math.min(...times), before: Math.max(...times) + 1 };
}

/** In the order of time and keys, a part in each step. */
export async function* talliesIn(ground: Ground, topic: Topic, span: Span): AsyncGenerator<readonly Tally[]> {
  let last: Tally | undefined;
  for (;;) {
    const batch = await ground.counted(topic, span, last, stepSize);
    last = batch.at(-1);
    if (last === undefined) return;
    yield batch;
    await setImmediate();
  }
}

function isSame(one: object, other: object): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
