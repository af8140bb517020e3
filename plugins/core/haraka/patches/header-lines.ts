import type { Plugin, Transaction } from '../types.ts';
import { onNewTransaction } from './new-transactions.ts';

const seen = new WeakMap<Transaction, number>();

/**
 * Counts the header lines that Haraka kept before it takes the message for complete: where the empty line is missing
 * it moves lines to the body then, and lines beyond its limit are gone without a trace.
 */
export function countHeaderLines(plugin: Plugin): void {
  onNewTransaction(plugin, (transaction) => {
    const end = transaction.end_data.bind(transaction);
    transaction.end_data = (done) => {
      seen.set(transaction, transaction.header_lines.length);
      end(done);
    };
  });
}

/** How many header lines a complete message had, as far as Haraka kept them. */
export function headerLinesSeen(transaction: Transaction): number {
  return seen.get(transaction) ?? Infinity;
}
