import { definePatch, expect } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';
import type { Plugin, Transaction } from '../types.ts';
import { onNewTransaction } from './new-transactions.ts';

/** A field that a host adds to a message on its way (RFC 5322 §3.6.7). */
export interface TraceField {
  readonly name: string;
  readonly value: string;
}

/** A header field as the most careless reader would take it. */
export interface SentField {
  /** In lower case, without white space and control characters: `from :` is read as From by some. */
  readonly name: string;
  /** Unfolded. */
  readonly value: string;
}

/** Fields that wait for the header of the client: what Haraka reads later it might continue them with. */
const waiting = new WeakMap<Transaction, TraceField[]>();

/** Puts a field above all that the client sent; of two, the later stands above. */
export function addTraceField(transaction: Transaction, field: TraceField): void {
  const others = waiting.get(transaction);
  if (others) others.push(field);
  else transaction.add_leading_header(field.name, field.value);
}

/**
 * Takes out what a client sent as if this host had said it, when Haraka reads the header and before anybody else does,
 * and puts in what this host says. All other fields stay as they came.
 */
export const traceFields = definePatch({
  name: 'trace-fields',
  reaches: '`parse` of the header of a transaction',
  why: 'Before any hook sees a header, Haraka has renamed its Authentication-Results fields, or not, as it is set up.',
  install: (_plugin, isForged: (field: SentField, transaction: Transaction) => boolean) =>
    onNewTransaction((transaction) => {
      const { header } = transaction;
      const parse = header.parse.bind(header);
      waiting.set(transaction, []);
      header.parse = (lines) => {
        parse(without(lines, (field) => isForged(field, transaction)));
        const fields = waiting.get(transaction) ?? [];
        waiting.delete(transaction);
        for (const field of fields) addTraceField(transaction, field);
      };
    }),
  selfTest(plugin) {
    const { host } = throwAwayConnection(plugin).connection.local;
    const forged = [`Authentication-Results: ${host};`, ' none', `Received-SPF: pass receiver=${host}`];
    const honest = ['To: x', ' y'];
    for (const end of [[''], []]) {
      const left = message(plugin, [...honest, ...forged, ...end]);
      expect('fields of a header to leave as they are read', left[1] === 'To: x\n y\n');
      expect('what a client says in the name of this host to be taken out', left.length === 2);
      expect('what this host says to stand above', left[0] === 'X-Probe: 1\n');
    }
  },
});

/** What leaves where every field would have to go: without any, Haraka sends the header as it came. */
const stub = 'Comments: what this header held was said in the name of another\n';

/** The lines of all fields but those that `isForged`. */
function without(lines: readonly string[], isForged: (field: SentField) => boolean): readonly string[] {
  const kept: string[] = [];
  for (const field of fieldsOf(lines)) if (!isForged(asSent(field))) kept.push(...field);
  return kept.length === 0 && lines.length > 0 ? [stub] : kept;
}

/** As Haraka puts them together: what begins with white space continues the field above. */
function fieldsOf(lines: readonly string[]): string[][] {
  const fields: string[][] = [];
  for (const line of lines) {
    const last = fields.at(-1);
    if (last && /^[ \t]/.test(line)) last.push(line);
    else fields.push([line]);
  }
  return fields;
}

function asSent(lines: readonly string[]): SentField {
  const [first = ''] = lines;
  const colon = first.indexOf(':');
  const name = first.slice(0, Math.max(colon, 0)).replace(/[\0-\x20\x7f]/g, '');
  return { name: name.toLowerCase(), value: lines.join('').slice(colon + 1) };
}

/** The header with which a message of these lines leaves that has a field of ours. */
function message(plugin: Plugin, lines: readonly string[]): readonly string[] {
  const transaction = plugin.haraka_require('transaction').createTransaction(null, {});
  addTraceField(transaction, { name: 'X-Probe', value: '1' });
  for (const line of lines) transaction.add_data(Buffer.from(`${line}\r\n`));
  transaction.end_data(() => undefined);
  return transaction.message_stream.headers;
}
