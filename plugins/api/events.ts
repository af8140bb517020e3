/**
 * What the gateway decided: the format of its events, and a reader of those that it keeps:
 * `import { openEvents } from 'haraka-plugin-gatekeeper/events'`.
 *
 * @module
 */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { GatekeeperEvent } from '../core/events/described-event.ts';
import { eventSchema } from '../core/events/event.ts';
import { openEventStore } from '../core/events/open.ts';
import * as core from '../core/events/store.ts';
import { messageOf } from '../core/message-of.ts';
import { readSettings } from '../core/settings/file.ts';

export type { GatekeeperEvent } from '../core/events/described-event.ts';
export { SettingsError } from '../core/settings/settings-error.ts';

/** Within a version fields are added: those of a later gateway are no fault. */
const schema = z.looseObject(eventSchema.shape);

/** The format as a JSON Schema (draft 2020-12), as this version of the package knows it; fields that it does not know are allowed. */
export const eventJsonSchema: Readonly<Record<string, unknown>> = /* @__PURE__ */ jsonSchema();

function jsonSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(schema), title: 'Event of haraka-plugin-gatekeeper' };
}

/**
 * Checks what may be an event, such as a line of `gatekeeper events --json` or what a webhook brings, each already parsed as JSON.
 * Fields that this version does not know stay in it, but words of `kind` and the like that it does not know are wrong. Throws an Error
 * that names the first field that is wrong.
 */
export function parseEvent(value: unknown): GatekeeperEvent {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  const isMissing = issue?.code === 'invalid_type' && issue.input === undefined;
  const what = isMissing ? 'is missing' : (issue?.message ?? 'is wrong');
  throw new Error(field === '' ? `no event: ${what}` : `no event: ${field}: ${what}`);
}

/** An event with its place in the order in which the store took it. */
export interface StoredEvent {
  /** For `after` of a query. It grows from event to event, not by one each time. */
  readonly place: number;
  /** As it stands in the store, where a later gateway may have written it, and names may be hidden by now. */
  readonly event: GatekeeperEvent;
}

/** Which events are meant: those for which everything holds that is given. */
export interface EventQuery {
  /** At or after. */
  readonly since?: Date | undefined;
  /** Before. */
  readonly until?: Date | undefined;
  /** Those that the store took after the one with this place, as a reader asks that goes on where it stopped. */
  readonly after?: number | undefined;
  /** In which this stands: a Message-ID, a queue or connection id, an address, an account, a client. */
  readonly mentions?: string | undefined;
  /** As the store took them; without it the oldest are first. */
  readonly order?: 'oldest-first' | 'newest-first' | undefined;
}

/** The events that a gateway keeps, to be read. */
export interface EventReader {
  /** What is there when it is asked, read bit by bit; the iteration rejects with `EventsUnavailable`, and may be left at any time. */
  events(query?: EventQuery): AsyncIterable<StoredEvent>;
  /** To be called when nobody reads any more. */
  close(): Promise<void>;
}

/** The store cannot be read: it is broken, locked, not reached, or not for this user to read. */
export class EventsUnavailable extends Error {
  override readonly name: string = 'EventsUnavailable';
}

/** The gateway has not kept any event yet. */
export class NoEventsYet extends EventsUnavailable {
  override readonly name = 'NoEventsYet';
}

/** Which gateway is meant. */
export interface EventsOptions {
  /** The folder of the settings: `config` of Haraka, which holds `gatekeeper.yaml`. */
  readonly config: string;
}

/**
 * Opens the events where the settings say that they are (`audit.store`): in SQLite, in PostgreSQL or in files; beside a gateway that
 * runs, as a user who may read and write in `data_directory`. Rejects with `SettingsError`, `NoEventsYet` and `EventsUnavailable`.
 */
export async function openEvents({ config }: EventsOptions): Promise<EventReader> {
  const { settings } = readSettings(resolve(config));
  const instance = { policy: settings.policy, harakaDirectory: dirname(resolve(config)) };
  const store = await translated(() => openEventStore(instance));
  return {
    events: (query = {}) => each(store.events(query)),
    close: () => translated(() => store.close()),
  };
}

async function* each(batches: AsyncIterable<readonly core.StoredEvent[]>): AsyncGenerator<StoredEvent> {
  try {
    for await (const batch of batches) yield* batch;
  } catch (error) {
    throw published(error);
  }
}

async function translated<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw published(error);
  }
}

function published(error: unknown): unknown {
  if (error instanceof core.NoEventsYet) return new NoEventsYet(error.message, { cause: error });
  if (!(error instanceof core.EventsUnavailable)) return error;
  return new EventsUnavailable(messageOf(error), { cause: error });
}
