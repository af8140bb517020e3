import type Libsql from 'libsql';
import { sixKeys, type Rows } from './rows.ts';
import { Digests, digestSchema } from './sqlite-digests.ts';
import { beginningOf, type Tally } from './tallies.ts';

/**
 * So many places make a part of the index: what is written together lies together, however many events there are. Who looks for something
 * looks in each part. Files that were begun before this was so have larger ones.
 */
const partSize = 8192;
const formerPartSize = 131_072;

/** In which part of the index of a database a place is. */
export function partsOf(database: Libsql.Database): (place: number) => number {
  const sql = "SELECT value FROM state WHERE name = 'part_size'";
  const [size] = database.prepare(sql).raw().get() as [number];
  return (place) => Math.floor(place / size);
}

/** Rows that one statement takes: each statement has its price. */
const rowsAtOnce = 50;

/** In which the keys of a tally stand. */
export const sixColumns = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5'] as const;

export const eventSchema = `
  CREATE TABLE IF NOT EXISTS event (place INTEGER PRIMARY KEY, time INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS event_time ON event (time);
  CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT OR IGNORE INTO state VALUES ('place', 0), ('cleared', 0), ('clearing', 0);
  CREATE TABLE IF NOT EXISTS term (
    part INTEGER NOT NULL, hash INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (part, hash, place)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS tally (
    topic TEXT NOT NULL, at INTEGER NOT NULL,
    k0 TEXT NOT NULL, k1 TEXT NOT NULL, k2 TEXT NOT NULL, k3 TEXT NOT NULL, k4 TEXT NOT NULL, k5 TEXT NOT NULL,
    count INTEGER NOT NULL, recipients INTEGER NOT NULL, bytes INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, hours INTEGER NOT NULL, sample TEXT NOT NULL,
    PRIMARY KEY (topic, at, k0, k1, k2, k3, k4, k5)
  ) WITHOUT ROWID;
  INSERT OR IGNORE INTO state
    VALUES ('part_size', iif(EXISTS (SELECT 1 FROM event), ${formerPartSize}, ${partSize}));
  ${digestSchema}`;

/** Writes events into a database, within a transaction of the caller. */
export class EventWriting {
  readonly #last: Libsql.Statement;
  readonly #events: ManyRows;
  readonly #terms: ManyRows;
  readonly #tallies: ManyRows;
  readonly #uncount: Libsql.Statement;
  readonly #late: Libsql.Statement;
  readonly #digests: Digests;
  readonly #partOf: (place: number) => number;

  constructor(database: Libsql.Database) {
    this.#partOf = partsOf(database);
    // Of those that were removed the last one is remembered: a place is never given twice.
    this.#last = database
      .prepare(
        "SELECT max(value, coalesce((SELECT max(place) FROM event), 0)) FROM state WHERE name = 'place'",
      )
      .raw();
    this.#late = database.prepare(
      "UPDATE state SET value = ?1 WHERE name IN ('cleared', 'clearing') AND value > ?1",
    );
    this.#digests = new Digests(database);
    this.#events = new ManyRows(database, 'INSERT INTO event VALUES', 3);
    this.#terms = new ManyRows(database, 'INSERT OR IGNORE INTO term VALUES', 3);
    this.#uncount = database.prepare(
      `DELETE FROM tally WHERE topic = ? AND at = ? AND ${sixColumns.map((name) => `${name} = ?`).join(' AND ')}`,
    );
    this.#tallies = new ManyRows(
      database,
      'INSERT INTO tally VALUES',
      15,
      `ON CONFLICT DO UPDATE SET
         count = count + excluded.count, recipients = recipients + excluded.recipients,
         bytes = bytes + excluded.bytes, first = min(first, excluded.first), last = max(last, excluded.last),
         hours = hours | excluded.hours, sample = iif(excluded.sample = '', sample, excluded.sample)`,
    );
  }

  write({ times, bodies, terms, tallies }: Rows): void {
    if (bodies.length === 0) return;
    const first = (this.#last.get() as [number])[0] + 1;
    this.#events.insert(bodies, (values, body, index) => values.push(first + index, times[index] ?? 0, body));
    const partOf = this.#partOf;
    for (let part = partOf(first); part <= partOf(first + bodies.length - 1); part += 1) {
      const ofPart = terms.filter(({ index }) => partOf(first + index) === part);
      this.#terms.insert(ofPart, (values, { hash, index }) => values.push(part, hash, first + index));
    }
    this.recount(tallies, []);
    this.#late.run(
      beginningOf(
        'login',
        times.reduce((one, other) => Math.min(one, other)),
      ),
    );
  }

  /** Counts some, and others no more. */
  recount(tallies: readonly Tally[], others: readonly Tally[]): void {
    this.#digests.forget([...tallies, ...others]);
    for (const { topic, at, ...other } of others) this.#uncount.run(topic, at, ...sixKeys(other));
    this.#tallies.insert([...tallies].sort(byKeys), (values, tally) => {
      const { topic, at, count, recipients, bytes, first, last, hours, sample } = tally;
      values.push(topic, at, ...sixKeys(tally), count, recipients, bytes, first, last, hours, sample);
    });
  }
}

/** About in the order of the table, so that one row is found from the one before. */
function byKeys(one: Tally, other: Tally): number {
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1;
  if (one.at !== other.at) return one.at - other.at;
  const differs = one.keys.findIndex((key, index) => key !== other.keys[index]);
  return (one.keys[differs] ?? '') < (other.keys[differs] ?? '') ? -1 : 1;
}

type Values = (string | number)[];

/** One statement for many rows. */
class ManyRows {
  readonly #one: Libsql.Statement;
  readonly #many: Libsql.Statement;

  constructor(database: Libsql.Database, insert: string, width: number, conflict = '') {
    const row = `(${Array(width).fill('?').join(', ')})`;
    this.#one = database.prepare(`${insert} ${row} ${conflict}`);
    this.#many = database.prepare(`${insert} ${Array(rowsAtOnce).fill(row).join(', ')} ${conflict}`);
  }

  /** `put` adds the values of the row of an item. */
  insert<T>(items: readonly T[], put: (values: Values, item: T, index: number) => void): void {
    const whole = items.length - (items.length % rowsAtOnce);
    let values: Values = [];
    for (const [index, item] of items.entries()) {
      put(values, item, index);
      const isLast = index >= whole || (index + 1) % rowsAtOnce === 0;
      if (!isLast) continue;
      (index >= whole ? this.#one : this.#many).run(values);
      values = [];
    }
  }
}
