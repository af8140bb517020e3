import type Libsql from 'libsql';
import { askedOfParts, talliesIn, type Part } from './digest-query.ts';
import type { GatekeeperEvent } from './event.ts';
import { atOneMoment } from '../sqlite.ts';
import { Digests } from './sqlite-digests.ts';
import { partsOf } from './sqlite-writing.ts';
import { longestDelayMs, type EventQuery, type StoredEvent, type TallyQuery } from './store.ts';
import { beginningOf, dayMs, type Tally } from './tallies.ts';
import { tallyReader, tallyStatement, widthOf } from './tally-query.ts';
import { termHash } from './pseudonym.ts';
import { termOf } from './terms.ts';

/** Events that are read at once: between two reads others have their turn. */
const eventsAtOnce = 500;

type EventRow = [place: number, body: string];

/** Reads events and what was counted of them from a database. */
export class EventReading {
  readonly #database: Libsql.Database;
  readonly #key: string;
  readonly #digests: Digests;

  constructor(database: Libsql.Database, key: string) {
    this.#database = database;
    this.#digests = new Digests(database);
    this.#key = key;
  }

  *events({ since, until, after, mentions, order }: EventQuery): Generator<readonly StoredEvent[]> {
    const isBackwards = order === 'newest-first';
    const places = mentions === undefined ? undefined : this.#placesOf(mentions);
    const bounds = this.#between(since, until);
    const [low, high] = [Math.max(after ?? 0, bounds.low), bounds.high];
    const isMeant = ({ event }: StoredEvent) => {
      const time = Date.parse(event.time);
      return time >= (since?.getTime() ?? -Infinity) && time < (until?.getTime() ?? Infinity);
    };
    const batches = places
      ? this.#at(
          places.filter((place) => place > low && place < high).sort((a, b) => (isBackwards ? b - a : a - b)),
        )
      : this.#inOrder(low, high, isBackwards);
    for (const batch of batches) yield batch.filter(isMeant);
  }

  *#inOrder(from: number, to: number, isBackwards: boolean): Generator<readonly StoredEvent[]> {
    const next = this.#database
      .prepare(
        isBackwards
          ? 'SELECT place, body FROM event WHERE place > ? AND place < ? ORDER BY place DESC LIMIT ?'
          : 'SELECT place, body FROM event WHERE place > ? AND place < ? ORDER BY place LIMIT ?',
      )
      .raw();
    let [low, high] = [from, to];
    for (;;) {
      const rows = next.all(low, high, eventsAtOnce) as EventRow[];
      const last = rows.at(-1)?.[0];
      if (last === undefined) return;
      if (isBackwards) high = last;
      else low = last;
      yield rows.map(stored);
    }
  }

  *#at(places: readonly number[]): Generator<readonly StoredEvent[]> {
    const one = this.#database.prepare('SELECT place, body FROM event WHERE place = ?').raw();
    for (let start = 0; start < places.length; start += eventsAtOnce) {
      const rows = places
        .slice(start, start + eventsAtOnce)
        .map((place) => one.get(place) as EventRow | undefined);
      yield rows.filter((row) => row !== undefined).map(stored);
    }
  }

  /** Of all parts of the index, of which there are few. */
  #placesOf(text: string): number[] {
    const hash = termHash(this.#key, termOf(text));
    const one = this.#database.prepare('SELECT place FROM term WHERE part = ? AND hash = ?').raw();
    // Asked for together they would have SQLite read all events.
    const ends = 'SELECT (SELECT min(place) FROM event), (SELECT max(place) FROM event)';
    const [first, last] = this.#database.prepare(ends).raw().get() as [number | null, number | null];
    const places: number[] = [];
    const partOf = partsOf(this.#database);
    for (let part = partOf(first ?? 0); part <= partOf(last ?? -1); part += 1) {
      for (const [place] of one.all(part, hash) as [number][]) places.push(place);
    }
    return places;
  }

  /** Between which places everything lies that fell in a span of time; both are not among them. */
  #between(since: Date | undefined, until: Date | undefined): { low: number; high: number } {
    const one = (sql: string, time: number) =>
      (this.#database.prepare(sql).raw().get(time) as [number] | undefined)?.[0];
    const low =
      since &&
      one(
        'SELECT place FROM event WHERE time < ? ORDER BY time DESC LIMIT 1',
        since.getTime() - longestDelayMs,
      );
    const high =
      until &&
      one('SELECT place FROM event WHERE time >= ? ORDER BY time LIMIT 1', until.getTime() + longestDelayMs);
    return { low: low ?? 0, high: high ?? Number.MAX_SAFE_INTEGER };
  }

  /** Of days that were digested from there, and of the others from their rows; both as they are at one moment. */
  tallies(query: TallyQuery): readonly Tally[] {
    return atOneMoment(this.#database, () => this.#tallies(query));
  }

  #tallies(query: TallyQuery): readonly Tally[] {
    const { topic, since, until } = query;
    const [from, before] = [beginningOf(topic, since.getTime()), until.getTime()];
    const days = this.#digests.of(query);
    if (days.length === 0) return this.#counted(query);
    const asked = askedOfParts(query);
    const parts: Part[] = [];
    let begin = from;
    const readUntil = (end: number) => {
      if (begin >= end) return;
      parts.push({ tallies: this.#counted({ ...asked, since: new Date(begin), until: new Date(end) }) });
    };
    for (const { day, digests } of days) {
      readUntil(day);
      parts.push({ digests });
      begin = day + dayMs;
    }
    readUntil(before);
    return talliesIn(parts, query);
  }

  /** All rows as one text: to make a value for each cell takes three times as long as to parse it. */
  #counted(query: TallyQuery): Tally[] {
    const { sql, values } = tallyStatement('tally', query, dialect);
    const columns = Array.from({ length: widthOf(query) }, (_, index) => `c${index}`).join(', ');
    const [text] = this.#database
      .prepare(`WITH one (${columns}) AS (${sql}) SELECT json_group_array(json_array(${columns})) FROM one`)
      .raw()
      .get(...values) as [string];
    return (JSON.parse(text) as unknown[][]).map(tallyReader(query));
  }
}

/** SQLite cannot join bits of several rows: whoever reads them does. The time of a sample has as many digits as any. */
const dialect = {
  parameter: () => '?',
  hours: "group_concat(hours, ',')",
  sample: "substr(max(iif(sample = '', '', (last + 1000000000000000) || sample)), 17)",
};

function stored([place, body]: EventRow): StoredEvent {
  return { place, event: JSON.parse(body) as GatekeeperEvent };
}
