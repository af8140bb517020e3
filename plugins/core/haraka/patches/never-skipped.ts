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
  reaches: '`notes` of a transaction, and `skip_plugins` in them',
  why: 'Any plugin may switch off any other for a message, and no hook can object.',
  install: (_plugin, isOurs: (name: unknown) => boolean) =>
    onNewTransaction((transaction) => {
      let notes = guarded(transaction.notes, isOurs);
      Object.defineProperty(transaction, 'notes', {
        enumerable: true,
        configurable: true,
        get: () => notes,
        set: (value: Notes) => {
          notes = guarded(value, isOurs);
        },
      });
    }),
  selfTest(plugin) {
    const transaction = plugin.haraka_require('transaction').createTransaction(null, {});
    (transaction.notes['skip_plugins'] as unknown[]).push(plugin.name, stranger.name);
    expect('a plugin of ours to run that is to be skipped', isRun(plugin, plugin, transaction));
    expect('another plugin to be skipped', !isRun(plugin, stranger, transaction));
    Object.assign(transaction, { notes: { skip_plugins: [plugin.name] } });
    expect('a plugin of ours to run whatever notes there are', isRun(plugin, plugin, transaction));
  },
});

function isRun(plugin: Plugin, of: Pick<Plugin, 'name' | 'timeout'>, transaction: Transaction): boolean {
  const run = (next: Next) => {
    next(constants.ok);
  };
  return answerOf(plugin, { probe: [{ of, run }] }, { transaction }) === constants.ok;
}

type Notes = Transaction['notes'];

/** The same notes, with a list that never includes a name of ours. */
function guarded(value: Notes, isOurs: (name: unknown) => boolean): Notes {
  // A plugin may put anything there, and nothing of it may keep ours from running.
  const notes = isExtensible(value) ? value : { ...(value as object) };
  let list = withoutUs(notes['skip_plugins'], isOurs);
  return Object.defineProperty(notes, 'skip_plugins', {
    enumerable: true,
    configurable: true,
    get: () => list,
    set: (value: unknown) => {
      list = withoutUs(value, isOurs);
    },
  });
}

function isExtensible(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.isExtensible(value);
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
