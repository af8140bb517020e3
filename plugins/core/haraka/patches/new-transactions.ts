import { definePatch, expect, replaceMethod, type Undo } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';
import type { Transaction } from '../types.ts';

type Visitor = (transaction: Transaction) => void;

const visitors: Visitor[] = [];

/** Shows every transaction that Haraka creates to `visit`, before anybody else has it, until that is undone. */
export function onNewTransaction(visit: Visitor): Undo {
  visitors.push(visit);
  return () => {
    visitors.splice(visitors.indexOf(visit), 1);
  };
}

/** Shows new transactions to those who asked for them by `onNewTransaction`. */
export const newTransactions = definePatch({
  name: 'new-transactions',
  reaches: '`createTransaction` of `transaction.js`',
  why: 'The first hook of a transaction, `mail`, runs other plugins before ours, and may not reach ours at all.',
  install: (plugin) =>
    replaceMethod(plugin.haraka_require('transaction'), 'createTransaction', (create) => (uuid, config) => {
      const transaction = create(uuid, config);
      for (const visit of visitors) visit(transaction);
      return transaction;
    }),
  selfTest(plugin) {
    const { connection } = throwAwayConnection(plugin);
    const seen: Transaction[] = [];
    const undo = onNewTransaction((transaction) => seen.push(transaction));
    try {
      connection.init_transaction(() => undefined);
    } finally {
      undo();
    }
    const { transaction } = connection;
    expect(
      'the transaction of a connection to come from there',
      transaction !== null && seen[0] === transaction,
    );
  },
});
