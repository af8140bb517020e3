import { definePatch, expect } from '../patch.ts';
import type { Plugin, Transaction } from '../types.ts';
import { onNewTransaction } from './new-transactions.ts';

/** What was found first in each message. */
const found = new WeakMap<Transaction, string>();

const [nul, cr, lf] = [0x00, 0x0d, 0x0a];

/**
 * Looks at each line of a message for what SMTP has nowhere (RFC 5321 §2.3.8, §4.1.2): NUL, and CR or LF by itself. Some
 * servers end a line there, so that what was one message here would be two there.
 */
export const strayOctets = definePatch({
  name: 'stray-octets',
  reaches: '`add_data` of a transaction',
  why: 'Hooks see the header alone, without its line ends; Haraka sends bare CR and NUL on as they are.',
  install: () =>
    onNewTransaction((transaction) => {
      const add = transaction.add_data.bind(transaction);
      let lines = 0;
      transaction.add_data = (line) => {
        // The Received field is a string, and Haraka's own.
        if (Buffer.isBuffer(line)) {
          lines += 1;
          note(transaction, line, lines);
        }
        add(line);
      };
    }),
  selfTest(plugin) {
    for (const [line, wanted] of [
      ['a\r\n', undefined],
      ['a\rb\r\n', 'line 2 holds a bare CR'],
      ['a\r\r\n', 'line 2 holds a bare CR'],
      ['a\n', 'line 2 ends in a bare LF'],
      ['a\0\r\n', 'line 2 holds NUL'],
    ] as const) {
      expect(`the message of ${JSON.stringify(line)}`, strayIn(plugin, ['X: y\r\n', line]) === wanted);
    }
  },
});

/** In words, with the number of its line; `undefined` where there is none. */
export function strayOctetIn(transaction: Transaction): string | undefined {
  return found.get(transaction);
}

function note(transaction: Transaction, line: Buffer, number: number): void {
  const end = line.at(-1) === lf ? line.length - 1 : line.length;
  const first = line.indexOf(cr);
  const isBareCr = first !== -1 && (first !== end - 1 || end === line.length);
  const isBareLf = end < line.length && line[end - 1] !== cr;
  const hasNul = line.indexOf(nul) !== -1;
  if ((!isBareCr && !isBareLf && !hasNul) || found.has(transaction)) return;
  const what = hasNul ? 'holds NUL' : isBareCr ? 'holds a bare CR' : 'ends in a bare LF';
  found.set(transaction, `line ${number} ${what}`);
}

function strayIn(plugin: Plugin, lines: readonly string[]): string | undefined {
  const transaction = plugin.haraka_require('transaction').createTransaction(null, { headers: {} });
  for (const line of lines) transaction.add_data(Buffer.from(line));
  return strayOctetIn(transaction);
}
