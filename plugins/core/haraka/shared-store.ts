import { resolve } from 'node:path';
import { InsuredStore } from '../store/insured.ts';
import { openStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { harakaDirectory } from './instance.ts';
import type { Plugin } from './types.ts';

/** How long what is under way may still be settled with the store that it began with. */
const settleMs = 60_000;

let current: { readonly directory: string; readonly store: Store } | undefined;

/** The store of a data directory, one for all plugins of this process; that of another directory is closed soon after. */
export function sharedStore(plugin: Plugin, dataDirectory: string): Store {
  const directory = resolve(harakaDirectory(), dataDirectory);
  if (current?.directory === directory) return current.store;
  const before = current;
  setTimeout(() => before?.store.close(), settleMs).unref();
  const store = new InsuredStore({
    open: () => openStore(directory),
    log: (message) => plugin.logcrit(`${message} (data_directory: ${directory})`),
    now: () => performance.now(),
  });
  current = { directory, store };
  return store;
}
