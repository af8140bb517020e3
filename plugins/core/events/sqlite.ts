import { existsSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type Libsql from 'libsql';
import { isDiskFull } from '../durable.ts';
import { madeOnce } from '../made-once.ts';
import { messageOf } from '../message-of.ts';
import { makeLikeAbove, writeLikeAbove } from '../own-files.ts';
import { inTransaction, openSqlite } from '../sqlite.ts';
import { packedParts } from './digest.ts';
import type { GatekeeperEvent } from './event.ts';
import { eraseIn, maintainIn, talliesIn } from './maintenance.ts';
import { rowsOf } from './rows.ts';
import { Digests } from './sqlite-digests.ts';
import { SqliteGround } from './sqlite-ground.ts';
import { EventReading } from './sqlite-reading.ts';
import { eventSchema, EventWriting } from './sqlite-writing.ts';
import {
  EventsUnavailable,
  type Erased,
  type EventQuery,
  type EventStore,
  type Limits,
  type Maintained,
  type StoredEvent,
  type TallyQuery,
} from './store.ts';
import { dayMs, topics, type Tally, type Topic } from './tallies.ts';

/** So long a process waits for others that write; nothing but writing waits for it. */
const busyMs = 5000;

/** Pages of the write-ahead log after which it is moved into the file: 16 MiB. */
const pagesInLog = 4096;

/** KiB of the file that are kept in memory. */
const cacheKib = 32_768;

/** How often the file is looked at: one that was moved away is not what others see. */
const lookEveryMs = 1000;

/** Tallies of one topic and day that are digested: they are all in memory meanwhile, and that of who serves mail. */
const mostDigested = 500_000;

/** Where a store is, and what its index is keyed with. */
export interface SqliteOptions {
  readonly file: string;
  readonly key: string;
}

/** Opens the events in a file, which is made with its folder where it is missing; throws `EventsUnavailable`. */
export function openSqliteEvents({ file, key }: SqliteOptions): EventStore {
  let inode: number | undefined;
  const seen = () => inode;
  return translated(seen, () => {
    makeLikeAbove(dirname(file));
    // The files beside it get its mode and its owner.
    madeOnce(
      file,
      () => existsSync(file) || undefined,
      (path) => writeLikeAbove(path, ''),
    );
    // Seen before it is opened: of another that takes its place meanwhile nothing is known.
    inode = statSync(file).ino;
    return new SqliteEvents(file, key, inode);
  });
}

/**
 * Renames a file that is no database any more, with what belongs to it; the name that it has now, or none where another process
 * has done so, and the file of that name is a new one.
 */
export function setAside(file: string, inode: number | undefined, now: Date): string | undefined {
  if (statSync(file, { throwIfNoEntry: false })?.ino !== inode) return undefined;
  const aside = `${file}.broken-${now.toISOString().replaceAll(':', '')}`;
  for (const end of ['-wal', '-shm', '']) {
    if (statSync(`${file}${end}`, { throwIfNoEntry: false })) renameSync(`${file}${end}`, `${aside}${end}`);
  }
  return aside;
}

class SqliteEvents implements EventStore {
  readonly #file: string;
  readonly #inode: number;
  readonly #database: Libsql.Database;
  readonly #reading: EventReading;
  readonly #key: string;
  #writing: EventWriting | undefined;
  #logInode: number | undefined;
  #looked = performance.now();

  constructor(file: string, key: string, inode: number) {
    this.#file = file;
    this.#inode = inode;
    this.#key = key;
    this.#database = openSqlite(file, busyMs, (database) => {
      // What is said to be there outlasts a loss of power.
      database.pragma('synchronous = FULL');
      database.pragma(`wal_autocheckpoint = ${pagesInLog}`);
      database.pragma(`cache_size = -${cacheKib}`);
      database.exec(eventSchema);
    });
    this.#reading = new EventReading(this.#database, key);
  }

  append(events: readonly GatekeeperEvent[]): Promise<void> {
    return this.#use(() => {
      const rows = rowsOf(this.#key, events);
      this.#inTransaction((writing) => writing.write(rows));
    });
  }

  async *events(query: EventQuery): AsyncGenerator<readonly StoredEvent[]> {
    const batches = this.#reading.events(query);
    for (;;) {
      const next = await this.#use(() => batches.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  tallies(query: TallyQuery): Promise<readonly Tally[]> {
    return this.#use(() => this.#reading.tallies(query));
  }

  size(): Promise<number> {
    return this.#use(() =>
      ['', '-wal'].reduce(
        (sum, end) => sum + (statSync(`${this.#file}${end}`, { throwIfNoEntry: false })?.size ?? 0),
        0,
      ),
    );
  }

  async maintain(limits: Limits): Promise<Maintained> {
    const maintained = await maintainIn(this.#ground(), limits);
    const digests = new Digests(this.#database);
    for (const topic of Object.keys(topics) as Topic[]) {
      await this.#digest(digests, topic, limits.digestBefore);
    }
    return maintained;
  }

  async #digest(digests: Digests, topic: Topic, before: Date): Promise<void> {
    for (const day of await this.#use(() => digests.missing(topic, before.getTime()))) {
      const claim = await this.#use(() => digests.claim(topic, day));
      const tallies = await this.#talliesOf(topic, day);
      if (!tallies) continue;
      // Before anybody has to wait for it.
      const parts = packedParts(topic, day, tallies);
      await this.#use(() => inTransaction(this.#database, () => digests.keep(claim, parts)));
    }
  }

  /** Nothing where there are too many. */
  async #talliesOf(topic: Topic, day: number): Promise<Tally[] | undefined> {
    const tallies: Tally[] = [];
    for await (const batch of talliesIn(this.#ground(), topic, { from: day, before: day + dayMs })) {
      tallies.push(...batch);
      if (tallies.length > mostDigested) return undefined;
    }
    return tallies;
  }

  async erase(names: readonly string[]): Promise<Erased> {
    const erased = await eraseIn(this.#ground(), names);
    await this.#use(() => this.#writeAnew());
    return erased;
  }

  /** Where pages were divided, copies of rows stay in their free room, which no statement reaches; the log has older pages. */
  #writeAnew(): void {
    this.#database.exec('VACUUM');
    const [state] = this.#database.pragma('wal_checkpoint(TRUNCATE)') as { busy?: number }[];
    if (state?.busy !== 0) throw new Error(`somebody reads ${this.#file}: its log still has what was erased`);
  }

  #ground(): SqliteGround {
    return new SqliteGround({
      key: this.#key,
      database: this.#database,
      use: (work) => this.#use(work),
      inTransaction: (work) => this.#use(() => this.#inTransaction(work)),
    });
  }

  close(): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }

  #inTransaction<T>(work: (writing: EventWriting) => T): T {
    const writing = (this.#writing ??= new EventWriting(this.#database));
    return inTransaction(this.#database, () => work(writing));
  }

  #use<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => {
      const result = translated(
        () => this.#inode,
        () => {
          this.#lookAtFile();
          return work();
        },
      );
      resolve(result);
    });
  }

  #lookAtFile(): void {
    const now = performance.now();
    if (now < this.#looked + lookEveryMs) return;
    if (statSync(this.#file).ino !== this.#inode) throw new Error(`${this.#file} was replaced`);
    // Without its log a file goes on as if nothing had happened, until all of it is gone with the last who has it open.
    const log = statSync(`${this.#file}-wal`).ino;
    if (log !== (this.#logInode ??= log)) throw new Error(`${this.#file}-wal was replaced`);
    this.#looked = now;
  }
}

const brokenCodes: readonly unknown[] = ['SQLITE_CORRUPT', 'SQLITE_NOTADB'];

function translated<T>(inode: () => number | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code } = Object(error) as { code?: unknown };
    throw new EventsUnavailable(messageOf(error), {
      cause: error,
      isFull: code === 'SQLITE_FULL' || isDiskFull(error),
      isBroken: brokenCodes.some((broken) => String(code).startsWith(String(broken))),
      inode: inode(),
    });
  }
}
