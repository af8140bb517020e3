import { openEventStore } from '../core/events/open.ts';
import { EventsUnavailable, NoEventsYet, type EventStore } from '../core/events/store.ts';
import type { Installation } from './installation.ts';
import { exitCode, Failure } from './output.ts';

/** Reads the events of a gateway; throws `Failure` where they cannot be read, or where there are none yet. */
export async function withEvents<T>(
  { dir, settings }: Installation,
  read: (store: EventStore) => Promise<T>,
): Promise<T> {
  let store: EventStore | undefined;
  try {
    store = openEventStore({ policy: settings.policy, harakaDirectory: dir });
    return await read(store);
  } catch (error) {
    if (error instanceof NoEventsYet) throw new Failure(error.message, exitCode.no);
    if (!(error instanceof EventsUnavailable)) throw error;
    throw new Failure(`the events cannot be read: ${error.message}`, exitCode.unavailable);
  } finally {
    await store?.close();
  }
}
