import { baseId } from '../provenance/judge.ts';
import type { EventFields } from './fields.ts';
import { fieldsOf, type Waiting } from './waiting.ts';

/** What became of a recipient at one try. */
export type Ending = Readonly<
  Partial<Record<(typeof endingFields)[number], unknown>> & { readonly time: unknown }
>;

const endingFields = [
  ...([
    'time',
    'outcome',
    'remote',
    'remote_address',
    'remote_port',
    'remote_tls',
    'remote_verified',
  ] as const),
  ...(['answer', 'detail', 'tries', 'again', 'queue_id'] as const),
] as const;

/** Who sent a message, and how it came. */
const originFields = [
  ...(['message_id', 'sender', 'identity', 'identity_id', 'proof', 'credential'] as const),
  ...(['client', 'peer', 'tls', 'tls_option', 'bounce_of'] as const),
] as const;

/** What the gateway refused of it, or what it withheld, and why it was not queued. */
const refusalFields = ['time', 'check', 'reason', 'detail', 'reply'] as const;

/** Of each recipient the last ones are kept, and of each message so many recipients. */
const mostEndings = 20;
const mostRecipients = 10_000;
const mostRefusals = 20;

interface Recipient {
  readonly address: string;
  /** Of the last try; before the first it waits in the queue, or is held, or was handed to another plugin. */
  readonly state: string;
  readonly endings: readonly Ending[];
}

/** All that is known of one message. */
export interface Story {
  readonly queue_id: string;
  readonly origin: Readonly<Partial<Record<(typeof originFields)[number], unknown>>>;
  readonly accepted?: Readonly<Record<string, unknown>>;
  readonly recipients: readonly Recipient[];
  readonly recipients_omitted?: number;
  readonly refusals: readonly Readonly<Record<string, unknown>>[];
  readonly waiting: readonly Waiting[];
  /** Queue ids of what Haraka wrote to the sender. */
  readonly bounces: readonly string[];
}

/** Puts the story of a message together from events, in their order, and from what waits. */
export class StoryBuilder {
  readonly id: string;
  #accepted: EventFields | undefined;
  readonly #origin: Record<string, unknown> = {};
  readonly #endings = new Map<string, Ending[]>();
  readonly #refusals: Readonly<Record<string, unknown>>[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #bounces = new Set<string>();
  #omitted = 0;
  #isTakenBack = false;

  constructor(id: string) {
    this.id = id;
  }

  add(event: EventFields): void {
    const { verdict, would_refuse: isWithheld, outcome, queue_id: id } = event;
    this.#learn(event);
    if (outcome !== undefined) this.#addEnding(event);
    else if ((verdict === 'refuse' || verdict === 'defer') && isWithheld !== true) this.#addRefusal(event);
    else if (event['accepted'] === false) this.#takeBack(event);
    else if (id === this.id) this.#accept(event);
  }

  addWaiting(waiting: Waiting): void {
    this.#learn(fieldsOf(waiting));
    this.#waiting.push(waiting);
    for (const address of waiting.recipients) this.#endingsOf(address);
  }

  addBounce(id: string): void {
    this.#bounces.add(id);
  }

  /** Whether each recipient that is known has left or has been bounced. */
  get isOver(): boolean {
    if (this.#endings.size === 0) return this.#refusals.length > 0;
    if (this.#isTakenBack && [...this.#endings.values()].every(({ length }) => length === 0)) return true;
    return [...this.#endings.values()].every((endings) => isFinal(endings.at(-1)));
  }

  build(): Story {
    const accepted = this.#accepted && pick(this.#accepted, ['time', 'node', 'port', 'role']);
    return {
      queue_id: this.id,
      origin: this.#origin,
      ...(accepted && { accepted }),
      recipients: [...this.#endings].map(([address, endings]) => ({
        ...{ address, state: this.#stateOf(address, endings), endings },
      })),
      ...(this.#omitted > 0 && { recipients_omitted: this.#omitted }),
      ...{ refusals: this.#refusals, waiting: this.#waiting, bounces: [...this.#bounces] },
    };
  }

  /** What is told first stands. */
  #learn(event: EventFields): void {
    for (const name of originFields) if (event[name] !== undefined) this.#origin[name] ??= event[name];
  }

  #accept(event: EventFields): void {
    this.#accepted = event;
    const { recipients } = event;
    if (Array.isArray(recipients)) for (const each of recipients) this.#endingsOf(String(each));
  }

  #takeBack(event: EventFields): void {
    this.#isTakenBack = true;
    this.#addRefusal(event);
  }

  #addRefusal(event: EventFields): void {
    if (this.#refusals.length < mostRefusals) this.#refusals.push(pick(event, refusalFields));
  }

  #addEnding(event: EventFields): void {
    const { recipients } = event;
    if (!Array.isArray(recipients)) return;
    const ending = { time: event['time'], ...pick(event, endingFields) };
    for (const each of recipients) {
      const endings = this.#endingsOf(String(each));
      endings?.push(ending);
      if (endings && endings.length > mostEndings) endings.shift();
    }
  }

  #endingsOf(address: string): Ending[] | undefined {
    const known = this.#endings.get(address);
    if (known) return known;
    if (this.#endings.size >= mostRecipients) {
      this.#omitted += 1;
      return undefined;
    }
    const endings: Ending[] = [];
    this.#endings.set(address, endings);
    return endings;
  }

  #stateOf(address: string, endings: readonly Ending[]): string {
    const last = endings.at(-1);
    const waits = this.#waiting.find(({ recipients }) => recipients.includes(address));
    if (waits && waits.where !== 'queue') return waits.where;
    if (last) return String(last.outcome);
    return waits ? 'queued' : 'unknown';
  }
}

function isFinal(ending: Ending | undefined): boolean {
  return ending !== undefined && ending.outcome !== 'deferred';
}

/** The message that a bounce tells about. */
export function parentOf({ bounce_of: of }: EventFields): string | undefined {
  return typeof of === 'string' ? (baseId(of) ?? of) : undefined;
}

function pick<Name extends string>(
  event: EventFields,
  names: readonly Name[],
): Partial<Record<Name, unknown>> {
  const picked: Partial<Record<Name, unknown>> = {};
  for (const name of names) if (event[name] !== undefined) picked[name] = event[name];
  return picked;
}
