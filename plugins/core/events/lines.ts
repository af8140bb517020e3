import { statSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { jsonLine } from '../json-line.ts';
import type { GatekeeperEvent } from './event.ts';
import { LineFiles } from './line-files.ts';
import { eraseLines, eventIn, maintainLines } from './line-maintenance.ts';
import { pseudonym } from './pseudonym.ts';
import { RotatedLines } from './rotated-lines.ts';
import {
  asUnavailable,
  type Erased,
  type EventQuery,
  type EventStore,
  type Limits,
  type Maintained,
  type StoredEvent,
  type TallyQuery,
} from './store.ts';
import { talliesOf, type Tally } from './tallies.ts';
import { TallySums } from './tally-sums.ts';
import { isPseudonym, termOf, termsOf } from './terms.ts';

/** Where the files are, when they are rotated, and with what names are keyed. */
export interface LineOptions {
  readonly file: string;
  readonly maxBytes: number;
  readonly keep: number;
  readonly key: string;
}

/** Octets that are read at once from the end. */
const chunkBytes = 64 * 1024;

/** The events in a file that is rotated by size; it and its folder are made at the first event. */
export function openLineEvents(options: LineOptions): EventStore {
  return new LineEvents(options);
}

/**
 * Lines of JSON, which others read as well: each is an event, with its place as one more field. That is a time of microseconds, so
 * that it grows even where no older line is left to count on from. Everything that is asked is answered by reading the files.
 */
class LineEvents implements EventStore {
  readonly #files: LineFiles;
  readonly #key: string;
  /** Files in which nobody is named any more, by inode. */
  readonly #cleared = new Set<string>();
  #asked: TallySums[] = [];
  #counting: Promise<void> | undefined;
  #appending: Promise<unknown> = Promise.resolve();
  #tidying: Promise<unknown> = Promise.resolve();

  constructor({ file, key, ...limits }: LineOptions) {
    this.#files = new LineFiles(file, limits);
    this.#key = key;
  }

  append(events: readonly GatekeeperEvent[]): Promise<void> {
    if (events.length === 0) return Promise.resolve();
    const make = (last: string | undefined) => {
      const known = last === undefined ? 0 : (parsed(last)?.place ?? 0);
      const first = Math.max(known + 1, Date.now() * 1000);
      return events.map((event, index) => jsonLine({ ...event, place: first + index }));
    };
    const mine = this.#appending.then(() => translated(() => this.#files.append(make)));
    this.#appending = mine.catch(() => undefined);
    return mine;
  }

  async *events(query: EventQuery): AsyncGenerator<readonly StoredEvent[]> {
    const isMeant = this.#testOf(query);
    const batches = query.order === 'newest-first' ? this.#backwards() : this.#forwards(query);
    try {
      yield* eachTranslated(batches, (batch) => batch.filter(isMeant));
    } finally {
      // Who has seen enough leaves no file open.
      await batches.return(undefined);
    }
  }

  tallies(query: TallyQuery): Promise<readonly Tally[]> {
    return translated(async () => {
      const sums = new TallySums(query);
      this.#asked.push(sums);
      // What else is asked in this turn, as a report does, is answered by the same reading of the files.
      await (this.#counting ??= Promise.resolve().then(() => this.#countAsked()));
      return sums.sorted();
    });
  }

  async #countAsked(): Promise<void> {
    const asked = this.#asked.splice(0);
    this.#counting = undefined;
    const since = Math.min(...asked.map((sums) => sums.since.getTime()));
    for await (const batch of this.#forwards({ since: new Date(since) })) {
      const tallies = batch.flatMap(({ event }) => talliesOf(event));
      for (const sums of asked) tallies.forEach((tally) => sums.add(tally));
    }
  }

  size(): Promise<number> {
    return translated(() => Promise.resolve(this.#files.size));
  }

  maintain(limits: Limits): Promise<Maintained> {
    return this.#tidy(() => maintainLines(this.#files, this.#key, limits, this.#cleared));
  }

  erase(names: readonly string[]): Promise<Erased> {
    return this.#tidy(() => eraseLines(this.#files, this.#key, names));
  }

  async close(): Promise<void> {
    await Promise.all([this.#appending, this.#tidying]);
  }

  /** One after the other, but beside what is appended. */
  #tidy<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#tidying.then(() => translated(work));
    this.#tidying = mine.catch(() => undefined);
    return mine;
  }

  #testOf({ since, until, after, mentions }: EventQuery): (stored: StoredEvent) => boolean {
    const [from, to] = [since?.getTime() ?? -Infinity, until?.getTime() ?? Infinity];
    const isMentioned = mentions === undefined ? () => true : this.#mentions(mentions);
    return ({ place, event }) => {
      const time = Date.parse(event.time);
      return time >= from && time < to && (after === undefined || place > after) && isMentioned(event);
    };
  }

  /** By a name, or by what stands for it, whether the event still has the name or not. */
  #mentions(text: string): (event: GatekeeperEvent) => boolean {
    if (isPseudonym(text)) {
      return (event) => termsOf(event).some((term) => term === text || pseudonym(this.#key, term) === text);
    }
    const [term, hidden] = [termOf(text), pseudonym(this.#key, text)];
    return (event) => termsOf(event).some((each) => each === term || each === hidden);
  }

  async *#forwards({ since, after }: EventQuery): AsyncGenerator<readonly StoredEvent[]> {
    const lines = new RotatedLines(this.#files.path);
    const isBefore = (line: string) => (parsed(line)?.place ?? Infinity) <= (after ?? -1);
    let last = -1;
    try {
      for await (const batch of lines.present({ since, ...(after !== undefined && { isBefore }) })) {
        const found = batch.map(parsed).filter((each) => each !== undefined);
        yield found.filter(({ place }) => place === 0 || place > last);
        last = found.at(-1)?.place ?? last;
      }
    } finally {
      await lines.close();
    }
  }

  /** Files are rotated while they are read: a line that was read already is met again in the next one, and passed over. */
  async *#backwards(): AsyncGenerator<readonly StoredEvent[]> {
    let first = Infinity;
    for (let number = 0; number === 0 || number <= this.#files.paths.length; number += 1) {
      const path = number === 0 ? this.#files.path : `${this.#files.path}.${number}`;
      for await (const lines of linesFromEnd(path)) {
        const found = lines.map(parsed).filter((each) => each !== undefined);
        yield found.filter(({ place }) => place === 0 || place < first);
        first = found.at(-1)?.place ?? first;
      }
    }
  }
}

function parsed(line: string): StoredEvent | undefined {
  const found = eventIn(line);
  if (!found) return undefined;
  const { place = 0, ...event } = found;
  return { place, event };
}

async function* eachTranslated<T>(batches: AsyncGenerator<T>, of: (batch: T) => T): AsyncGenerator<T> {
  for (;;) {
    const next = await translated(() => batches.next());
    if (next.done === true) return;
    yield of(next.value);
  }
}

async function* linesFromEnd(path: string): AsyncGenerator<readonly string[]> {
  if (!statSync(path, { throwIfNoEntry: false })) return;
  const file = await open(path, 'r');
  try {
    yield* chunksFromEnd(file);
  } finally {
    await file.close();
  }
}

/** The beginning of a line waits for what is before it. */
async function* chunksFromEnd(file: FileHandle): AsyncGenerator<readonly string[]> {
  let kept: Buffer = Buffer.alloc(0);
  for (let end = (await file.stat()).size; end > 0;) {
    const chunk = Buffer.alloc(Math.min(end, chunkBytes));
    end -= chunk.length;
    await file.read(chunk, 0, chunk.length, end);
    const bytes = Buffer.concat([chunk, kept]);
    const start = end === 0 ? 0 : bytes.indexOf(0x0a) + 1;
    const isWhole = end === 0 || start > 0;
    kept = isWhole ? bytes.subarray(0, start) : bytes;
    if (isWhole) yield bytes.subarray(start).toString('utf8').split('\n').toReversed();
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asUnavailable(error);
  }
}
