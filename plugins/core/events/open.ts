import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Policy } from '../settings/settings.ts';
import { readEventsKey, readOrMakeEventsKey } from './key.ts';
import { openPlace, placeOf, type StorePlace } from './places.ts';
import { NoEventsYet, type EventStore } from './store.ts';

/** A Haraka and its settings. */
export interface Instance {
  readonly policy: Policy;
  readonly harakaDirectory: string;
}

/** Where a gateway keeps its events, the key made where there is none; throws where it cannot be. */
export function storePlace(instance: Instance): StorePlace {
  const key = readOrMakeEventsKey(dataDirectory(instance));
  return placeOf(instance.policy, instance.harakaDirectory, key.toString('hex'));
}

/** Opens the store that a gateway has made; throws `EventsUnavailable`, and of that `NoEventsYet` where there is none. */
export function openEventStore(instance: Instance): EventStore {
  return openPlace(presentPlace(instance));
}

/** Where a gateway has kept events; throws `NoEventsYet` where there are none. */
export function presentPlace(instance: Instance): StorePlace {
  const directory = dataDirectory(instance);
  const key = readEventsKey(directory);
  // Nothing is made here: it would belong to whoever looks, and not to the gateway.
  if (!key) throw new NoEventsYet(`no events yet: ${directory} has none`);
  const place = placeOf(instance.policy, instance.harakaDirectory, key.toString('hex'));
  const isThere = !('file' in place) || existsSync(place.file);
  if (!isThere) throw new NoEventsYet(`no events yet: ${place.file} does not exist`);
  return place;
}

function dataDirectory({ policy, harakaDirectory }: Instance): string {
  return resolve(harakaDirectory, policy.data_directory);
}
