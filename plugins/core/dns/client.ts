import type { Signal } from '../deadline.ts';
import { messageOf } from '../message-of.ts';
import { ask, type AskOptions, type Outcome } from './ask.ts';
import { createCache, type Cache, type CacheOptions } from './cache.ts';
import { startChain, type Source } from './conclude.ts';
import type { Answer, Dns, DomainName, RecordType, Validation } from './dns.ts';
import { join, type Flight } from './flight.ts';
import { questionSection } from './message.ts';
import { encodeName, isOctets, lowerCased } from './name.ts';
import { createPlaces, type Places } from './places.ts';
import { systemServers } from './resolv-conf.ts';
import { openServers } from './servers.ts';
import { callOff, startTask, type Task } from './task.ts';

export interface DnsOptions {
  /** Addresses, with a port or without, in order of preference; those of the system where absent. */
  readonly servers?: readonly string[];
  /** Milliseconds for one try: a server that is silent for so long is given up. */
  readonly timeout?: number;
  /** Tries that may end in silence; `timeout` times this bounds the whole, with all that a name leads to. */
  readonly attempts?: number;
  readonly cache?: Partial<CacheOptions>;
  /** Questions in flight at once, and those that may wait for a place; one more is answered with servfail. */
  readonly places?: number;
  readonly queue?: number;
  /**
   * The servers validate (RFC 4035), and nobody can change their answers on the way here: then it is believed what they say
   * is authenticated (RFC 4035 §4.9.3). Absent: nothing is.
   */
  readonly validates?: boolean;
  /** A clock in milliseconds that only moves forward, for how long things are remembered. */
  readonly now?: () => number;
}

const defaults = { timeout: 2000, attempts: 3, places: 256, queue: 2048 } as const;

const cacheDefaults: CacheOptions = {
  entries: 20_000,
  octets: 16 * 1024 * 1024,
  // Within one message the same question comes again and again.
  minTtl: 5,
  maxTtl: 3600,
  maxNegativeTtl: 3 * 3600,
  // A name whose servers are dead costs seconds: a flood of such messages must not hold all places. The sender of one
  // of them comes again after minutes, so that this keeps nobody waiting.
  failureTtl: 2,
};

interface Client {
  readonly options: AskOptions;
  readonly validates: boolean;
  readonly cache: Cache;
  readonly places: Places;
  readonly flights: Map<string, Flight>;
  isClosed: boolean;
}

/** A resolver that asks recursive servers, and remembers. Throws TypeError for a server that is no address. */
export function createDns(options: DnsOptions = {}): Dns & { close(): void } {
  const { now = () => performance.now(), validates = false } = options;
  const { timeout = defaults.timeout, attempts = defaults.attempts } = options;
  const servers = openServers(options.servers ?? systemServers());
  const cache = createCache({ ...cacheDefaults, ...options.cache }, now);
  const places = createPlaces(options.places ?? defaults.places, options.queue ?? defaults.queue);
  const flights = new Map<string, Flight>();
  const client: Client = {
    options: { servers, timeout, attempts, now },
    validates,
    cache,
    places,
    flights,
    isClosed: false,
  };
  return {
    resolve: (name, type, signal) => resolve(client, name, type, signal),
    close: () => {
      client.isClosed = true;
      for (const { task } of flights.values()) callOff(task);
      for (const { udp } of servers) udp.close();
      cache.clear();
    },
  };
}

function resolve<T extends RecordType>(
  client: Client,
  dotted: string,
  type: T,
  signal: Signal | undefined,
): Promise<Answer<T>> {
  if (signal?.aborted === true) return Promise.reject(signal.reason);
  const name = dotted.endsWith('.') ? dotted.slice(0, -1) : dotted;
  const key = `${type} ${lowerCased(name)}`;
  const answer =
    client.cache.get(key) ?? join(client.flights.get(key) ?? depart(client, key, name, type), signal);
  // The key holds the type: what is found under it is an answer for that type.
  return answer as Promise<Answer<T>>;
}

/** Begins to find an answer, for all who want it meanwhile. */
function depart(client: Client, key: string, name: DomainName, type: RecordType): Flight {
  const task = startTask();
  const land = (): void => {
    if (client.flights.get(key) === flight) client.flights.delete(key);
  };
  const abandon = (): void => {
    land(); // who asks later begins anew
    callOff(task);
  };
  const answer = fly(client, key, { name, type, task }, land);
  const flight: Flight = { task, answer, waiting: 0, abandon };
  client.flights.set(key, flight);
  return flight;
}

async function fly(
  client: Client,
  key: string,
  search: Search,
  land: () => void,
): Promise<Answer<RecordType>> {
  try {
    const [answer, ttl] = await find(client, search);
    if (ttl !== 'not kept') client.cache.store(key, answer, ttl);
    return answer;
  } catch (error) {
    return { kind: 'servfail', because: `our own fault: ${messageOf(error)}` };
  } finally {
    land();
  }
}

interface Search {
  readonly name: DomainName;
  readonly type: RecordType;
  readonly task: Task;
}

/** An answer, and for how many seconds it holds as far as it says. */
type Found = readonly [answer: Answer<RecordType>, ttl: number | undefined | 'not kept'];

async function find(client: Client, search: Search): Promise<Found> {
  const { name, task } = search;
  if (client.isClosed) return trouble('the resolver is closed');
  if (!isOctets(name)) return trouble('a character in the name that is no octet');
  if (encodeName(name) === undefined) return [{ kind: 'nxdomain' }, 'not kept'];
  const milliseconds = client.options.timeout * client.options.attempts;
  const deadline = performance.now() + milliseconds;
  const entry = await client.places.enter(task, milliseconds);
  if (entry === 'full') return trouble('too many questions at once');
  if (entry === 'late') return [{ kind: 'timeout' }, 'not kept'];
  try {
    return await askAlong(client, search, deadline);
  } finally {
    client.places.leave();
  }
}

/** Asks for the name, and then for whatever it is an alias of; the chain bounds how often. */
async function askAlong(client: Client, search: Search, deadline: number): Promise<Found> {
  const { type, task } = search;
  let { name } = search;
  for (let chain = startChain(name); ;) {
    const wire = encodeName(name);
    if (wire === undefined) return [{ kind: 'nxdomain' }, chain.ttl];
    const section = questionSection(wire, type);
    const question = { name, type, section, asksForValidation: client.validates };
    const outcome = await ask(question, chain, deadline, task, client.options);
    if (task.isOver) return trouble('the question was called off');
    if (outcome.kind !== 'alias') return answerOf(outcome, client.validates);
    ({ chain } = outcome);
    name = chain.last;
  }
}

function answerOf(outcome: Exclude<Outcome, { kind: 'alias' }>, validates: boolean): Found {
  const validation = (of: Source): Validation =>
    validates ? { isAuthentic: of.isAuthentic, canonicalName: of.name } : {};
  switch (outcome.kind) {
    case 'records':
      return [{ kind: 'records', records: outcome.records, ...validation(outcome) }, outcome.ttl];
    case 'no-data':
    case 'nxdomain':
      return [{ kind: outcome.kind, ...validation(outcome) }, outcome.ttl];
    case 'failure':
      return [{ kind: 'servfail', because: outcome.because }, undefined];
    case 'timeout':
      return [{ kind: 'timeout' }, undefined];
  }
}

/** About us or about the caller, not about the name. */
function trouble(because: string): Found {
  return [{ kind: 'servfail', because }, 'not kept'];
}
