import { messageOf } from '../message-of.ts';
import { addTraceField, type TraceField } from './patches/trace-fields.ts';
import { isLoaded } from './spf-plugin.ts';
import type { Connection, Plugin, ResultStore, Transaction } from './types.ts';

/** What a check tells the readers of a message and other plugins. Nobody decides by it. */
export interface Publication {
  /** Printable ASCII, above all that the client sent; the first on top. */
  readonly fields: readonly TraceField[];
  /** For the Authentication-Results field that Haraka makes of what all plugins say (RFC 8601 §2.2 resinfo). */
  readonly authentication: readonly string[];
  readonly inPlaceOf?: InPlaceOf;
}

/** What another plugin would have told: for who reads its notes and results. When it is loaded, it tells by itself. */
export interface InPlaceOf {
  readonly plugin: string;
  /** Of the session, told once while it stays the same. */
  readonly session?: Told;
  readonly message?: Told;
  /** Results of the message that are kept with the session. */
  readonly messageInSession?: Told['results'];
}

export interface Told {
  readonly notes: Readonly<Record<string, unknown>>;
  readonly results: Readonly<Record<string, unknown>>;
}

/** Publishes for the transaction that is open now, while it is. Never throws: nothing may hinder the check. */
export function publisherFor(
  plugin: Plugin,
  connection: Connection,
  transaction: Transaction,
): (make: () => Publication) => void {
  return (make) => {
    if (connection.transaction !== transaction) return;
    try {
      apply(plugin, connection, transaction, make());
    } catch (error) {
      plugin.logerror(connection, `not published: ${messageOf(error)}`);
    }
  };
}

function apply(
  plugin: Plugin,
  connection: Connection,
  transaction: Transaction,
  { fields, authentication, inPlaceOf }: Publication,
): void {
  for (const field of fields.toReversed()) addTraceField(transaction, field);
  for (const result of authentication) connection.auth_results(result);
  if (!inPlaceOf || isLoaded(plugin, inPlaceOf.plugin)) return;
  const { session, message, messageInSession } = inPlaceOf;
  const as = { name: inPlaceOf.plugin };
  if (session && !isTold(connection, as, session)) tell(connection, as, session);
  if (message) tell(transaction, as, message);
  if (messageInSession) connection.results.add(as, messageInSession);
}

interface Listener {
  readonly notes: Record<string, unknown>;
  readonly results: ResultStore;
}

function isTold({ results: store }: Listener, as: { readonly name: string }, { results }: Told): boolean {
  const known = store.get(as);
  if (!known) return false;
  return Object.entries(results).every(([key, value]) => {
    const before = known[key];
    return Array.isArray(before) ? before.includes(value) : before === value;
  });
}

function tell(to: Listener, as: { readonly name: string }, { notes, results }: Told): void {
  Object.assign(to.notes, notes);
  to.results.add(as, results);
}
