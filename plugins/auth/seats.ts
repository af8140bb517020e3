import { randomInt } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { judge } from '../core/haraka/outcome.ts';
import type { Refusal } from '../core/haraka/answer.ts';
import { isGone } from '../core/haraka/session.ts';
import { sharedStore } from '../core/haraka/shared-store.ts';
import { settingsFor } from '../core/haraka/transaction.ts';
import type { Connection, Plugin } from '../core/haraka/types.ts';
import type { Identity } from '../core/identity.ts';
import { limitsOf, mostOf, type Limits } from '../core/limits/limits.ts';
import { isFree, isOf, left, renewEveryMs, seated, seatKey, seatsOf } from '../core/limits/seats.ts';
import { messageOf } from '../core/message-of.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';
import { modeInForce } from '../core/settings/mode.ts';
import type { Store } from '../core/store/store.ts';
import { defer, skip, type Verdict } from '../core/verdict.ts';

const check = { name: 'auth/sessions' } as const;
const softLimit = { name: 'auth/soft' } as const;

/** Seats that are looked at in one step. */
const atOnce = 16;

const hourMs = 3_600_000;
const mostTold = 10_000;

interface Seat {
  readonly store: Store;
  readonly identityId: string;
  readonly number: number;
  readonly ticket: number;
}

/**
 * Counts the sessions of an identity in all processes of the machine: each takes one of as many seats as there may be, and
 * says again and again that it still has it. Those of a process that died are free soon after.
 */
export class Seats {
  readonly #plugin: Plugin;
  readonly #taken = new Map<Connection, Seat>();
  readonly #told = new LRUCache<string, true>({ max: mostTold });
  readonly #complain = oncePerMinute(() => performance.now());
  #store: Store | undefined;
  #isRenewing = false;

  constructor(plugin: Plugin) {
    this.#plugin = plugin;
  }

  /** Counts in another data directory from the next login on. */
  use(dataDirectory: string): void {
    this.#store = sharedStore(this.#plugin, dataDirectory);
  }

  /** Whether sessions of an identity are counted at all. */
  concern(connection: Connection, identity: Identity): boolean {
    const { policy } = settingsFor(connection);
    return policy.limits.mode !== 'off' && seatsOf(limitsOf(policy.limits, identity.limits)) !== undefined;
  }

  /** Whether a session has a seat already, as this identity. */
  has(connection: Connection, { id }: Identity): boolean {
    return this.#taken.get(connection)?.identityId === id;
  }

  /** Takes a seat for a session that has proven an identity; resolves to a refusal where there is none. */
  async take(connection: Connection, identity: Identity, login?: string): Promise<Refusal | undefined> {
    const started = performance.now();
    const settings = settingsFor(connection);
    const { policy } = settings;
    const limits = limitsOf(policy.limits, identity.limits);
    this.leave(connection);
    const number = await this.#find(connection, identity, seatsOf(limits) ?? 0);
    const decided = {
      plugin: this.#plugin,
      connection,
      started,
      settings,
      ...(login !== undefined && { login }),
    };
    const crossed = crossedBy(number, limits);
    if (crossed !== undefined && this.#isNews(identity)) {
      this.#plugin.logwarn(connection, `${softLimit.name}: ${identity.name}: ${crossed}`);
      judge({ ...decided, check: softLimit, verdict: skip(`${identity.name}: ${crossed}`) });
    }
    if (number !== undefined || limits.sessions === 'none') return undefined;
    const verdict = noSeat(identity, mostOf(limits, 'sessions'));
    return judge({ ...decided, check, verdict, mode: modeInForce(policy.limits.mode, policy) }).refusal;
  }

  /** Frees the seat of a session. */
  leave(connection: Connection): void {
    const seat = this.#taken.get(connection);
    if (!seat) return;
    this.#taken.delete(connection);
    this.#write([seat], (now) => left(now));
  }

  async #find(connection: Connection, { id }: Identity, seats: number): Promise<number | undefined> {
    const store = this.#store;
    if (!store) throw new Error('no data directory is in use yet');
    const ticket = randomInt(1, 2 ** 47);
    for (let first = 0; first < seats; first += atOnce) {
      const numbers = Array.from({ length: Math.min(atOnce, seats - first) }, (_, at) => first + at);
      const keys = numbers.map((number) => seatKey(id, number));
      const number = await store.update(keys, (found) => {
        const now = Date.now();
        const at = found.findIndex((tally) => isFree(tally, now));
        if (at === -1) return { result: undefined };
        return {
          write: found.map((_, each) => (each === at ? seated(ticket, now) : undefined)),
          result: first + at,
        };
      });
      if (number === undefined) continue;
      this.#keep(connection, { store, identityId: id, number, ticket });
      return number;
    }
    return undefined;
  }

  #keep(connection: Connection, seat: Seat): void {
    this.#taken.set(connection, seat);
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    setInterval(() => this.#renew(), renewEveryMs).unref();
  }

  #renew(): void {
    for (const connection of [...this.#taken.keys()]) if (isGone(connection)) this.leave(connection);
    const seats = [...this.#taken.values()];
    for (let first = 0; first < seats.length; first += atOnce) {
      this.#write(seats.slice(first, first + atOnce), (now, { ticket }) => seated(ticket, now));
    }
  }

  /** Changes seats that are still held; who has lost one, after a long silence, goes on without. */
  #write(seats: readonly Seat[], change: (now: number, seat: Seat) => ReturnType<typeof left>): void {
    for (const store of new Set(seats.map((seat) => seat.store))) {
      const own = seats.filter((seat) => seat.store === store);
      const keys = own.map(({ identityId, number }) => seatKey(identityId, number));
      const written = store.update(keys, (found) => {
        const now = Date.now();
        const write = own.map((seat, at) => {
          const tally = found[at];
          return tally && isOf(tally, seat.ticket) ? change(now, seat) : undefined;
        });
        return { write, result: undefined };
      });
      written.catch((error: unknown) => {
        this.#complain(() => this.#plugin.logerror(`sessions cannot be counted: ${messageOf(error)}`));
      });
    }
  }

  #isNews({ id }: Identity): boolean {
    const name = `${Math.floor(Date.now() / hourMs)} ${id}`;
    if (this.#told.has(name)) return false;
    this.#told.set(name, true);
    return true;
  }
}

/** Seats are taken from the first on, so that one with a high number means that many are taken. */
function crossedBy(number: number | undefined, limits: Limits): string | undefined {
  const soft = mostOf(limits, 'soft_sessions');
  const open = number === undefined ? mostOf(limits, 'sessions') + 1 : number + 1;
  if (soft === Infinity || open <= soft) return undefined;
  return open === Infinity
    ? `soft_sessions: more than ${soft + 1}`
    : `soft_sessions: ${open}, with a limit of ${soft}`;
}

function noSeat({ name }: Identity, most: number): Verdict {
  const told = `At most ${most} sessions at once. Close one, or try again later.`;
  return defer('too-many-sessions', `sessions: ${most} of ${most} of ${name} are open`, told);
}
