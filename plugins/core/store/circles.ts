import { createHmac } from 'node:crypto';
import type Libsql from 'libsql';
import type { Circle, CircleChange } from './store.ts';

/** `expires` of a circle is the last of its members. Its number spares each of them a longer name. */
export const circleSchema = `
  CREATE TABLE IF NOT EXISTS circle (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL UNIQUE, since INTEGER NOT NULL, expires INTEGER NOT NULL,
    size INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS circle_expires ON circle (expires);
  CREATE TABLE IF NOT EXISTS member (
    circle INTEGER NOT NULL, hash INTEGER NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (circle, hash)
  ) WITHOUT ROWID;`;

/** How many are remembered, of one account and of all. */
export interface Bounds {
  readonly ofOne: number;
  readonly ofAll: number;
}

/** Of all it is about a quarter of what the file may hold. */
export const shippedBounds: Bounds = { ofOne: 10_000, ofAll: 1_000_000 };

/** 48 bits: all numbers of so many are whole, and of 10,000 that are known one is like a new one once in 28 thousand million. */
const hashOctets = 6;

/** Beyond what is too much so large a part goes, too: which are the oldest takes a look at all of them. */
const part = 50;

/** So many are dropped in one step: for longer no other process could wait. */
const mostDropped = 200;

const hourMs = 3_600_000;

interface Row {
  readonly id: number;
  readonly size: number;
}

/** What was found in the file, and where it is to be written. */
export interface Found {
  readonly account: string;
  readonly row: Row | undefined;
  readonly hashes: readonly number[];
  readonly circle: Circle;
}

/** Those accounts write to, in the database of the store, which does all of this in one of its steps. */
export class Circles {
  readonly #database: Libsql.Database;
  readonly #secret: string;
  readonly #bounds: Bounds;
  /** Whoever never asks for circles pays for no statement. */
  #prepared: Statements | undefined;
  #isUsed: boolean;
  #added = 0;
  /** Of all accounts, when they were counted last. */
  #excess = 0;

  constructor(database: Libsql.Database, secret: string, bounds: Bounds) {
    this.#database = database;
    this.#secret = secret;
    this.#bounds = bounds;
    this.#isUsed = database.prepare('SELECT 1 FROM circle LIMIT 1').get() !== undefined;
  }

  /** `account` is what stands for it in the file. */
  find(account: string, members: readonly string[]): Found {
    const { circle, member } = this.#statements();
    const hashes = members.map((each) => this.#hash(account, each));
    const row = circle.get(account) as [id: number, since: number, expires: number, size: number] | undefined;
    if (!row) return { account, row, hashes, circle: { since: 0, expires: 0, members: hashes.map(() => 0) } };
    const [id, since, expires, size] = row;
    const known = hashes.map((hash) => (member.get(id, hash) as [number] | undefined)?.[0] ?? 0);
    return { account, row: { id, size }, hashes, circle: { since, expires, members: known } };
  }

  write({ account, row, hashes, circle }: Found, change: CircleChange, now: number): void {
    const { add, put, drop, dropExpired, update } = this.#statements();
    this.#isUsed = true;
    const { since, expires, members } = change;
    const id = row?.id ?? Number(add.run(account, since, expires).lastInsertRowid);
    let size = row?.size ?? 0;
    hashes.forEach((hash, at) => {
      const [before, after] = [circle.members[at] ?? 0, members[at]];
      if (after === undefined) return;
      if (after > 0) put.run(id, hash, after);
      size += after > 0 ? Number(before === 0) : -drop.run(id, hash).changes;
      this.#added += Number(after > 0 && before === 0);
    });
    // That is once a day at most, and at the next message where more are left.
    const isLater = row !== undefined && expires > circle.expires;
    const expired = isLater ? dropExpired.run(id, id, now, mostDropped).changes : 0;
    size -= expired;
    const { ofOne } = this.#bounds;
    if (size > ofOne) size -= this.#dropOldest(id, size - ofOne + Math.floor(ofOne / part));
    const isClean = expired < mostDropped;
    update.run(since, isClean ? expires : Math.max(circle.expires, now + hourMs), size, id);
  }

  /** Nobody finds it any more; what is left of it is to be dropped with `drop`. `undefined` where there is none. */
  forget(account: string): number | undefined {
    const { circle, orphan } = this.#statements();
    const row = circle.get(account) as [id: number] | undefined;
    if (row) orphan.run(row[0]);
    return row?.[0];
  }

  /** A part of what is left, so many times until it says that there is no more. */
  drop(id: number): boolean {
    const { dropSome, remove } = this.#statements();
    const isDone = dropSome.run(id, id, mostDropped).changes < mostDropped;
    if (isDone) remove.run(id);
    return isDone;
  }

  /** A part of what has expired of an account that writes no more, and of what is too much of all. */
  purge(now: number): void {
    if (!this.#isUsed) return;
    const id = (this.#statements().expired.get(now) as [number] | undefined)?.[0];
    if (id !== undefined) this.drop(id);
    if (this.#excess <= 0 && this.#added < this.#bounds.ofOne / part) return;
    this.#added = 0;
    this.#dropExcess(now);
  }

  /** Who remembers most has to learn anew: to him the fewest of those he writes to would be known. */
  #dropExcess(now: number): void {
    const { total, largest, update } = this.#statements();
    this.#excess = ((total.get() as [number | null])[0] ?? 0) - this.#bounds.ofAll;
    let left = Math.min(this.#excess, mostDropped);
    while (left > 0) {
      const [id, expires, size] = largest.get() as [id: number, expires: number, size: number];
      const count = Math.min(left, Math.ceil(size / 2));
      this.#dropOldest(id, count);
      update.run(now, expires, size - count, id);
      left -= count;
    }
  }

  #dropOldest(id: number, count: number): number {
    return this.#statements().dropOldest.run(id, id, count).changes;
  }

  /** Another one for each account: nobody sees who writes to the same people. */
  #hash(account: string, member: string): number {
    const octets = createHmac('sha256', this.#secret).update(`${account} ${member}`).digest();
    return octets.readUIntBE(0, hashOctets);
  }

  #statements(): Statements {
    return (this.#prepared ??= prepared(this.#database));
  }
}

type Statements = ReturnType<typeof prepared>;

function prepared(database: Libsql.Database) {
  const on = (sql: string) => database.prepare(sql);
  const some = (order: string) =>
    on(
      `DELETE FROM member WHERE circle = ? AND hash IN (SELECT hash FROM member WHERE circle = ? ${order} LIMIT ?)`,
    );
  return {
    circle: on('SELECT id, since, expires, size FROM circle WHERE account = ?').raw(),
    member: on('SELECT expires FROM member WHERE circle = ? AND hash = ?').raw(),
    add: on('INSERT INTO circle (account, since, expires, size) VALUES (?, ?, ?, 0)'),
    put: on(
      'INSERT INTO member VALUES (?, ?, ?) ON CONFLICT (circle, hash) DO UPDATE SET expires = excluded.expires',
    ),
    drop: on('DELETE FROM member WHERE circle = ? AND hash = ?'),
    dropExpired: some('AND expires < ?'),
    dropSome: some(''),
    dropOldest: some('ORDER BY expires'),
    // No account is spelled like it in the file.
    orphan: on("UPDATE circle SET account = 'forgotten ' || id, expires = 0 WHERE id = ?"),
    update: on('UPDATE circle SET since = ?, expires = ?, size = ? WHERE id = ?'),
    expired: on('SELECT id FROM circle WHERE expires < ? LIMIT 1').raw(),
    total: on('SELECT sum(size) FROM circle').raw(),
    largest: on('SELECT id, expires, size FROM circle ORDER BY size DESC LIMIT 1').raw(),
    remove: on('DELETE FROM circle WHERE id = ?'),
  };
}
