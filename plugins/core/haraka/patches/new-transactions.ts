import type { Plugin, Transaction } from '../types.ts';

/** Shows every transaction that Haraka creates to `visit`, before anybody else has it. */
export function onNewTransaction(plugin: Plugin, visit: (transaction: Transaction) => void): void {
  const module = plugin.haraka_require('transaction');
  const create = module.createTransaction.bind(module);
  module.createTransaction = (uuid, config) => {
    const transaction = create(uuid, config);
    visit(transaction);
    return transaction;
  };
}
