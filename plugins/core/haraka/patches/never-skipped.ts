import constants from 'haraka-constants';
import { definePatch, expect } from '../patch.ts';
import { answerOf, stranger } from '../throw-away.ts';
import type { Next, Plugin, Transaction } from '../types.ts';
import { onNewTransaction } from './new-transactions.ts';

/**
 * Haraka leaves out the plugins whose names stand in `transaction.notes.skip_plugins`. Ours are not left out,
 * whoever writes that list: the gate could not refuse what it does not see.
 */
export const neverSkipped = definePatch({
  name: 'never-skipped',
  reaches: '`transaction.notes.skip_plugins`',
  why: 'Any plugin may switch off any other for a message, and no hook can object.',
  install: (_plugin, isOurs: (name: unknown) => boolean) =>
    onNewTransaction((transaction) => {
      guardList(transaction, isOurs);
    }),
  selfTest(plugin) {
    const transaction = plugin.haraka_require('transaction').createTransaction(null, {});
    (transaction.notes['skip_plugins'] as unknown[]).push(plugin.name, stranger.name);
    expect('a plugin of ours to run that is to be skipped', isRun(plugin, plugin, transaction));
    expect('another plugin to be skipped', !isRun(plugin, stranger, transaction));
  },
});

function isRun(plugin: Plugin, of: Pick<Plugin, 'name' | 'timeout'>, transaction: Transaction): boolean {
  const run = (next: Next) => {
    next(constants.ok);
  };
  return answerOf(plugin, { probe: [{ of, run }] }, { transaction }) === constants.ok;
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
