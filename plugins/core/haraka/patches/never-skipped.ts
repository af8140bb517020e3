import type { Plugin, Transaction } from '../types.ts';
import { onNewTransaction } from './new-transactions.ts';

/**
 * Haraka leaves out the plugins whose names stand in `transaction.notes.skip_plugins`. Ours are not left out,
 * whoever writes that list: the gate could not refuse what it does not see.
 */
export function neverSkipUs(plugin: Plugin, isOurs: (name: unknown) => boolean): void {
  onNewTransaction(plugin, (transaction) => {
    guardList(transaction, isOurs);
  });
}

function guardList({ notes }: Transaction, isOurs: (name: unknown) => boolean): void {
  let list = withoutUs(notes['skip_plugins'], isOurs);
  Object.defineProperty(notes, 'skip_plugins', {
    enumerable: true,
    configurable: true,
    get: () => list,
    set: (value: unknown) => {
      list = withoutUs(value, isOurs);
    },
  });
}

/** The same list, whatever is added to it later, but one that never includes a name of ours; nothing else is one. */
function withoutUs(value: unknown, isOurs: (name: unknown) => boolean): unknown[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  const includes = list.includes.bind(list);
  return Object.defineProperty(list, 'includes', {
    // A plugin may assign the same list again.
    configurable: true,
    value: (name: unknown) => !isOurs(name) && includes(name),
  });
}
