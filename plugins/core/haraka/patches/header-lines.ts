import { authorFields } from '../../message/author-fields.ts';
import { definePatch, expect } from '../patch.ts';
import type { Plugin, Transaction } from '../types.ts';
import { onNewTransaction } from './new-transactions.ts';

const seen = new WeakMap<Transaction, number>();
const asCame = new WeakMap<Transaction, readonly string[]>();

/**
 * Counts the header lines that Haraka kept before it takes the message for complete: where the empty line is missing
 * it moves lines to the body then, and lines beyond its limit are gone without a trace. What is counted and judged
 * must be what leaves: Haraka up to 3.3.3 sends some lines without the dot that doubles theirs.
 */
export const headerLines = definePatch({
  name: 'header-lines',
  reaches: '`header_lines` and `end_data` of a transaction',
  why: 'Haraka parses a limited number of header lines and sends them all; it only warns (haraka/Haraka#2331).',
  install: () =>
    onNewTransaction((transaction) => {
      const end = transaction.end_data.bind(transaction);
      transaction.end_data = (done) => {
        seen.set(transaction, transaction.header_lines.length);
        end(() => {
          // Before any plugin has the message.
          asCame.set(transaction, authorFields(transaction.message_stream.headers));
          done();
        });
      };
    }),
  selfTest(plugin) {
    const whole = message(plugin, ['From: a@b.example', '..X: y', '', '..']);
    expect('header lines to be read without the dot that doubles theirs', whole.kept[1] === '.X: y\n');
    expect('header lines to leave as they came', whole.sent[1] === '..X: y\r\n');
    const cut = message(plugin, ['A: 1', 'B: 2', 'C: 3', 'D: 4']);
    expect('header lines beyond the limit to be counted out', cut.count === limit);
    const broken = message(plugin, ['A: 1', 'no field', '..']);
    expect('a line that is taken for body to be counted first', broken.count === limit);
    expect('a line that is taken for body to leave as it came', broken.sent.at(-1) === '..\r\n');
  },
});

/** How many header lines a complete message had, as far as Haraka kept them. */
export function headerLinesSeen(transaction: Transaction): number {
  return seen.get(transaction) ?? Infinity;
}

/** From and Sender of a complete message as they would have left had no plugin changed them. */
export function authorsAsCame(transaction: Transaction): readonly string[] {
  return asCame.get(transaction) ?? [];
}

/** Of the messages of the self-test. */
const limit = 3;

/** What Haraka makes of a message of these lines: the header lines it keeps, what leaves, and what we counted. */
function message(plugin: Plugin, lines: readonly string[]) {
  const transaction = plugin
    .haraka_require('transaction')
    .createTransaction(null, { headers: { max_lines: limit } });
  const sent: string[] = [];
  transaction.message_stream.add_line = (line) => {
    sent.push(line.toString('latin1'));
  };
  for (const line of lines) transaction.add_data(Buffer.from(`${line}\r\n`));
  transaction.end_data(() => undefined);
  return { kept: transaction.header_lines, sent, count: headerLinesSeen(transaction) };
}
