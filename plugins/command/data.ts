import { resolve } from 'node:path';
import { openStoreIfAny, storeFile } from '../core/store/sqlite.ts';
import { StoreUnavailable, type Store } from '../core/store/store.ts';
import type { Installation } from './installation.ts';
import { exitCode, Failure } from './output.ts';

/** The store that the processes of the gateway share, as a file. */
export function storeFileOf({ dir, settings }: Installation): string {
  return storeFile(resolve(dir, settings.policy.data_directory));
}

/** Asks the store of the gateway; `undefined` where it has none yet. */
export async function askStore<T>(
  installation: Installation,
  ask: (store: Store) => Promise<T>,
): Promise<T | undefined> {
  const directory = resolve(installation.dir, installation.settings.policy.data_directory);
  let store: Store | undefined;
  try {
    store = openStoreIfAny(directory);
    return store && (await ask(store));
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    throw new Failure(`${storeFile(directory)}: ${error.message}`, exitCode.unavailable);
  } finally {
    store?.close();
  }
}
