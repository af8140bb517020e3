import { definePatch, expect, replaceMethod } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';
import type { Connection } from '../types.ts';

/** Octets that a client may send on while its login is being checked; RFC 2920 §3.1 allows it none. */
const mostHeld = 8192;

const held = new WeakMap<Connection, Buffer[]>();

/**
 * Keeps what the client sends from Haraka until `releaseInput`. Waiting lines would otherwise be printed at level
 * DEBUG, keep the event loop spinning, and have no limit.
 */
export function holdInput(connection: Connection): void {
  if (held.has(connection)) return;
  held.set(connection, connection.current_data ? [connection.current_data] : []);
  connection.current_data = null;
}

/** Gives back what was held; the next reply makes Haraka go on with it. */
export function releaseInput(connection: Connection): void {
  const chunks = held.get(connection);
  held.delete(connection);
  if (chunks?.length) connection.current_data = Buffer.concat(chunks);
}

/** Stands behind `holdInput`. */
export const heldInput = definePatch({
  name: 'held-input',
  reaches: '`process_data` and `current_data` of connections',
  why: 'Haraka goes on to read while a hook thinks: a flood of lines behind a login would have no limit.',
  install: (plugin) =>
    replaceMethod(
      plugin.haraka_require('connection').Connection.prototype,
      'process_data',
      (original) =>
        function (this: Connection, data: Buffer) {
          const chunks = held.get(this);
          if (chunks) keep(this, chunks, data);
          else original.call(this, data);
        },
    ),
  selfTest(plugin) {
    const { connection } = throwAwayConnection(plugin);
    const read: string[] = [];
    connection.process_line = (line) => {
      read.push(line.toString());
    };
    connection.process_data(Buffer.from('fir'));
    holdInput(connection);
    connection.process_data(Buffer.from('st\r\nsecond\r\n'));
    expect('held lines to stay unread', read.length === 0 && connection.current_data === null);
    releaseInput(connection);
    connection.process_data(Buffer.from('third\r\n'));
    expect('held lines to be read in order', read.join('') === 'first\r\nsecond\r\nthird\r\n');
  },
});

function keep(connection: Connection, chunks: Buffer[], data: Buffer): void {
  chunks.push(data);
  if (chunks.reduce((sum, chunk) => sum + chunk.length, 0) > mostHeld) drop(connection);
}

/** At once and without a word: a TLS socket that is ended in the midst of a flood goes on to take it in. */
function drop(connection: Connection): void {
  held.delete(connection);
  connection.disconnect();
  connection.client.destroy();
}
