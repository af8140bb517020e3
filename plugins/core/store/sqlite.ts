import { createHmac, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type Libsql from 'libsql';
import { LRUCache } from 'lru-cache';
import { messageOf } from '../message-of.ts';
import { inTransaction, isLocked, openSqlite } from '../sqlite.ts';
import { Checkpoints } from './checkpoints.ts';
import { Circles, circleSchema, shippedBounds, type Bounds } from './circles.ts';
import {
  emptyTally,
  StoreUnavailable,
  type Change,
  type Circle,
  type CircleKey,
  type Forgotten,
  type Meant,
  type Store,
  type Subject,
  type Tally,
  type TallyKey,
} from './store.ts';

/** Longest wait at once for another process to finish what it writes: so long no session of this process goes on. */
const busyMs = 20;

/** Then others have their turn for a moment, and it is tried again; about a second in all. Who gives up counts alone. */
const againMs = 20;
const mostTries = 25;

/** The same where it is opened: all workers of a gateway make a new one at once, and who gives up counts alone for a while. */
const openMs = 500;

/** About 128 MiB, or a million tallies: what somebody invents does not fill the disk. */
const mostPages = 32_768;

/** Between two checkpoints, each of which takes milliseconds of another thread. */
const checkpointEvery = 500;
const mostPagesInLog = 20_000;

/** Who was forgotten is of use to what processes remember, which is not for longer than this. */
const forgottenForMs = 24 * 3600 * 1000;

/** Between two looks for what has expired: of so many writes, which add fewer tallies than one look drops, or in quiet times. */
const purgeEveryWrites = 20;
const purgeEveryMs = 60_000;
const mostPurged = 200;

/** Of accounts that were met lately. */
const mostHashes = 10_000;

/** How often the file is looked at: one that was moved away is not what other processes see. */
const lookEveryMs = 1000;

const schema = `
  CREATE TABLE IF NOT EXISTS secret (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tally (
    account TEXT NOT NULL, network TEXT NOT NULL, level REAL NOT NULL, others REAL NOT NULL,
    last INTEGER NOT NULL, marked INTEGER NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (account, network)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS tally_expires ON tally (expires);
  CREATE TABLE IF NOT EXISTS forgotten (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, subject TEXT NOT NULL, time INTEGER NOT NULL
  );
  ${circleSchema}`;

/** The file of the store in a data directory. */
export function storeFile(directory: string): string {
  return join(directory, 'gatekeeper.db');
}

/** Opens the store of a data directory, which is made where it is missing, or throws `StoreUnavailable`. */
export function openStore(directory: string, bounds: Bounds = shippedBounds): Store {
  return translated(() => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // The directory may have been there; the files beside this one get its mode.
    closeSync(openSync(storeFile(directory), 'a', 0o600));
    return new SqliteStore(storeFile(directory), bounds);
  });
}

/** The same for who only looks: makes nothing, and gives `undefined` where there is no store yet. */
export function openStoreIfAny(directory: string): Store | undefined {
  const file = storeFile(directory);
  return translated(() => {
    // Throws where nobody may look.
    return statSync(file, { throwIfNoEntry: false }) ? new SqliteStore(file, shippedBounds) : undefined;
  });
}

type Row = Tally & { readonly network: string };

type Numbers = readonly [level: number, others: number, last: number, marked: number, expires: number];

function tallyOf(numbers: Numbers | undefined): Tally {
  if (!numbers) return emptyTally;
  const [level, others, last, marked, expires] = numbers;
  return { level, others, last, marked, expires };
}

/** In one file (SQLite, write-ahead log), which a process that is killed leaves whole. */
class SqliteStore implements Store {
  readonly #file: string;
  readonly #inode: number;
  readonly #database: Libsql.Database;
  readonly #secret: string;
  readonly #get: Libsql.Statement;
  readonly #put: Libsql.Statement;
  readonly #circles: Circles;
  readonly #checkpoints: Checkpoints;
  readonly #hashes = new LRUCache<string, string>({ max: mostHashes });
  #purged = -Infinity;
  #writes = 0;
  #looked = performance.now();
  /** While another process writes. */
  #pause: Promise<void> | undefined;

  constructor(file: string, bounds: Bounds) {
    this.#file = file;
    this.#database = openSqlite(file, openMs, (database) => {
      // A loss of power may take the last counts back, and breaks nothing.
      database.pragma('synchronous = NORMAL');
      // A checkpoint waits for the disk: that is done elsewhere, and here only if nobody else got to it.
      database.pragma(`wal_autocheckpoint = ${mostPagesInLog}`);
      database.pragma(`max_page_count = ${mostPages}`);
      database.exec(schema);
    });
    try {
      this.#database.pragma(`busy_timeout = ${busyMs}`);
      this.#secret = this.#readSecret();
      this.#get = this.#database
        .prepare('SELECT level, others, last, marked, expires FROM tally WHERE account = ? AND network = ?')
        // An object takes half as long again.
        .raw();
      // What is there already is changed in place: an index whose column stays as it was is not written.
      this.#put = this.#database.prepare(
        `INSERT INTO tally VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, network) DO UPDATE SET
           level = excluded.level, others = excluded.others, last = excluded.last, marked = excluded.marked,
           expires = excluded.expires`,
      );
      this.#circles = new Circles(this.#database, this.#secret, bounds);
    } catch (error) {
      this.#database.close();
      throw error;
    }
    this.#inode = statSync(file).ino;
    this.#checkpoints = new Checkpoints(file);
  }

  update<T>(
    keys: readonly TallyKey[],
    change: (found: readonly Tally[], circle?: Circle) => Change<T>,
    mostly: 'reads' | 'writes' = 'reads',
    asked?: CircleKey,
  ): Promise<T> {
    return this.#use(() => {
      const hashed = keys.map(({ account, network }) => [this.#hash(account), network] as const);
      const read = () => hashed.map((key) => tallyOf(this.#get.get(...key) as Numbers | undefined));
      // Where nothing changes nobody has to wait for anybody.
      const looked =
        mostly === 'reads' && !asked ? change(hashed.length === 1 ? read() : this.#atOnce(read)) : undefined;
      if (looked && !looked.write) return looked.result;
      return this.#write(() => {
        const found = asked && this.#circles.find(this.#hash(asked.account), asked.members);
        const { write = [], circle, result } = change(read(), found?.circle);
        hashed.forEach((key, index) => this.#store(key, write[index]));
        if (found && circle) this.#circles.write(found, circle, Date.now());
        return result;
      });
    });
  }

  ofAccount(account: string): Promise<ReadonlyMap<string, Tally>> {
    return this.#use(() => {
      const rows = this.#database
        .prepare('SELECT network, level, others, last, marked, expires FROM tally WHERE account = ?')
        .all(this.#hash(account));
      return new Map((rows as Row[]).map(({ network, ...tally }) => [network, tally]));
    });
  }

  forget(subject: Subject, meant: Meant, now: number): Promise<void> {
    return this.#use(() => {
      const clear = this.#database.prepare(
        // The time, for processes that have counted without the store: this is newer.
        'UPDATE tally SET level = 0, others = 0, last = ? WHERE account = ? AND network = ?',
      );
      const unmark = this.#database.prepare(
        "UPDATE tally SET marked = 0 WHERE account = ? AND network <> ''",
      );
      // Found before anything is locked: there may be many.
      const keys = this.#keysOf(meant);
      const { kind } = subject;
      const text = subject.kind === 'account' ? subject.account : subject.network;
      this.#write(() => {
        for (const { account, network } of keys) clear.run(now, account, network);
        if (typeof meant !== 'function' && meant.marks) unmark.run(this.#hash(meant.account));
        this.#database.prepare('DELETE FROM forgotten WHERE time < ?').run(now - forgottenForMs);
        this.#database
          .prepare('INSERT INTO forgotten (kind, subject, time) VALUES (?, ?, ?)')
          .run(kind, text, now);
      });
    });
  }

  #keysOf(meant: Meant): readonly TallyKey[] {
    if (typeof meant !== 'function') {
      const rows = this.#database.prepare('SELECT account, network FROM tally WHERE account = ?');
      return rows.all(this.#hash(meant.account)) as TallyKey[];
    }
    const rows = this.#database.prepare(
      "SELECT account, network FROM tally WHERE network <> '' AND level > 0",
    );
    return (rows.all() as TallyKey[]).filter(({ network }) => meant(network));
  }

  /** In steps, between which others have their turn. */
  async forgetCircle(account: string): Promise<boolean> {
    const step = <T>(work: () => T) => this.#use(() => this.#write(work));
    const id = await step(() => this.#circles.forget(this.#hash(account)));
    if (id === undefined) return false;
    while (!(await step(() => this.#circles.drop(id))));
    return true;
  }

  forgottenSince(sequence?: number): Promise<Forgotten> {
    return this.#use(() => {
      const { last } = this.#database.prepare('SELECT max(sequence) AS last FROM forgotten').get() as {
        last: number | null;
      };
      const now = last ?? 0;
      // A file that knows less is a new one: whom it names, was forgotten since.
      const since = sequence !== undefined && sequence > now ? 0 : sequence;
      return { sequence: now, subjects: since === undefined || since === now ? [] : this.#forgotten(since) };
    });
  }

  #forgotten(since: number): Subject[] {
    const rows = this.#database
      .prepare('SELECT kind, subject FROM forgotten WHERE sequence > ? ORDER BY sequence')
      .all(since) as { kind: Subject['kind']; subject: string }[];
    return rows.map(({ kind, subject }) =>
      kind === 'account' ? { kind, account: subject } : { kind, network: subject },
    );
  }

  close(): void {
    this.#checkpoints.close();
    this.#database.close();
  }

  /** All of it happens at once, in this turn of the event loop: p99 of a step is far below a millisecond. */
  async #use<T>(work: () => T): Promise<T> {
    for (let left = mostTries; ; left -= 1) {
      // Whoever tries holds this process: one is enough to find out whether it goes on.
      while (this.#pause) await this.#pause;
      const done = this.#try(work, left > 1);
      if (done) return done.result;
      this.#pause = this.#moment();
    }
  }

  /** `undefined` while another process writes, where that may be waited for. */
  #try<T>(work: () => T, mayWait: boolean): { readonly result: T } | undefined {
    try {
      this.#lookAtFile();
      return { result: work() };
    } catch (error) {
      if (mayWait && isLocked(error)) return undefined;
      throw unavailable(error);
    }
  }

  async #moment(): Promise<void> {
    await delay(againMs);
    this.#pause = undefined;
  }

  #lookAtFile(): void {
    const now = performance.now();
    if (now < this.#looked + lookEveryMs) return;
    this.#looked = now;
    if (statSync(this.#file).ino !== this.#inode) throw new Error(`${this.#file} was replaced`);
  }

  /** Many reads lock once. */
  #atOnce<T>(read: () => T): T {
    this.#database.exec('BEGIN');
    try {
      return read();
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  #write<T>(work: () => T): T {
    const result = inTransaction(this.#database, () => {
      // First: it makes room in a file that is full.
      this.#purge();
      return work();
    });
    this.#writes += 1;
    if (this.#writes % checkpointEvery === 0) this.#checkpoints.begin();
    return result;
  }

  #store([account, network]: readonly [string, string], tally: Tally | undefined): void {
    if (!tally) return;
    const { level, others, last, marked, expires } = tally;
    this.#put.run(account, network, level, others, last, marked, expires);
  }

  #purge(): void {
    const now = performance.now();
    if (this.#writes % purgeEveryWrites !== 0 && now < this.#purged + purgeEveryMs) return;
    this.#purged = now;
    this.#database
      .prepare(
        `DELETE FROM tally WHERE (account, network) IN
           (SELECT account, network FROM tally WHERE expires < ? LIMIT ${mostPurged})`,
      )
      .run(Date.now());
    this.#circles.purge(Date.now());
  }

  /** Who stole the file should not read in it who logged in from where. The key lies in it, too, for want of a better place. */
  #hash(account: string): string {
    if (account === '') return '';
    const known = this.#hashes.get(account);
    if (known !== undefined) return known;
    const hash = createHmac('sha256', this.#secret).update(account).digest('base64url').slice(0, 22);
    this.#hashes.set(account, hash);
    return hash;
  }

  /** Whoever opens the file first draws it. */
  #readSecret(): string {
    this.#database
      .prepare("INSERT OR IGNORE INTO secret VALUES ('accounts', ?)")
      .run(randomBytes(32).toString('base64url'));
    const row = this.#database.prepare("SELECT value FROM secret WHERE name = 'accounts'").get();
    return (row as { value: string }).value;
  }
}

function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw unavailable(error);
  }
}

function unavailable(error: unknown): StoreUnavailable {
  return new StoreUnavailable(messageOf(error), { cause: error });
}
