import { definePatch, expect } from '../patch.ts';
import type { Plugin, Transaction } from '../types.ts';
import { onNewTransaction } from './new-transactions.ts';

const sizes = new WeakMap<Transaction, number>();

const dot = 0x2e;

/** Counts the octets of a message as RFC 1870 §3 has it: with CRLF, without the final dot and the dots that double others. */
export const messageSize = definePatch({
  name: 'message-size',
  reaches: '`add_data` of a transaction',
  why: 'Haraka counts what came over the wire: a message of just the size that is allowed would be too large.',
  install: () =>
    onNewTransaction((transaction) => {
      const add = transaction.add_data.bind(transaction);
      let size = 0;
      transaction.add_data = (line) => {
        // What is a string is Haraka's own.
        if (Buffer.isBuffer(line)) sizes.set(transaction, (size += line.length - (line[0] === dot ? 1 : 0)));
        add(line);
      };
    }),
  selfTest(plugin) {
    for (const [line, wanted] of [
      ['a\r\n', 9],
      ['..\r\n', 9],
      ['...a\r\n', 11],
      ['a.\r\n', 10],
    ] as const) {
      expect(`the message of ${JSON.stringify(line)}`, sizeOf(plugin, ['X: y\r\n', line]) === wanted);
    }
  },
});

/** Octets of a message that came; 0 of one that is not there yet. */
export function octetsOf(transaction: Transaction): number {
  return sizes.get(transaction) ?? 0;
}

function sizeOf(plugin: Plugin, lines: readonly string[]): number {
  const transaction = plugin.haraka_require('transaction').createTransaction(null, { headers: {} });
  for (const line of lines) transaction.add_data(Buffer.from(line));
  return octetsOf(transaction);
}
