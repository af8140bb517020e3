import constants from 'haraka-constants';
import type { Connection, Plugin } from '../types.ts';

const { state } = constants.connection;

/** Where Haraka gives up with 521: above the longest line of an exchange (RFC 4954 §4), so that we can answer 500 5.5.6. */
const hostLineLimit = 16_384;

/** Octets that a client may send on while its login is being checked; RFC 2920 §3.1 allows it none. */
const mostHeld = 8192;

const held = new WeakMap<Connection, Buffer[]>();

/**
 * Keeps what the client sends from Haraka until `releaseInput`. Waiting lines would otherwise be printed at level
 * DEBUG, keep the event loop spinning, and have no limit.
 */
export function holdInput(connection: Connection): void {
  held.set(connection, connection.current_data ? [connection.current_data] : []);
  connection.current_data = null;
}

/** At once and without a word: a TLS socket that is ended in the midst of a flood goes on to take it in. */
function drop(connection: Connection): void {
  held.delete(connection);
  connection.disconnect();
  connection.client.destroy();
}

/** Gives back what was held; the next reply makes Haraka go on with it. */
export function releaseInput(connection: Connection): void {
  const chunks = held.get(connection);
  held.delete(connection);
  if (chunks?.length) connection.current_data = Buffer.concat(chunks);
}

/** What an authentication exchange does with the lines of its session. */
export interface ExchangeLines {
  /** An AUTH command, CRLF removed, `AUTH ` removed. Nothing else is read until it has answered. */
  command(connection: Connection, argument: Buffer): void;
  /** Whether the next line is part of an exchange and not a command. */
  isOpen(connection: Connection): boolean;
  /** A line of an open exchange, CRLF removed. */
  line(connection: Connection, line: Buffer): void;
}

let commandLineLimit: number | undefined;

/**
 * Lets Haraka read lines long enough for AUTH. The limit is global; `readAuthLines` holds every other
 * command to what it was.
 */
export function allowLongLines(plugin: Plugin): void {
  const { max } = plugin.haraka_require('connection').cfg;
  commandLineLimit ??= max.line_length;
  max.line_length = Math.max(max.line_length, hostLineLimit);
}

/**
 * Takes the lines of AUTH out of Haraka's hands. Through hooks an exchange cannot be made safe: HELP has none,
 * QUIT and RSET ignore the answer, so base64 that spells a verb would run as the verb, and the log shows params.
 */
export function readAuthLines(connection: Connection, lines: ExchangeLines): void {
  const original = connection.process_line.bind(connection);
  const processData = connection.process_data.bind(connection);
  connection.process_data = (data) => {
    const chunks = held.get(connection);
    if (!chunks) {
      processData(data);
      return;
    }
    chunks.push(data);
    if (chunks.reduce((sum, chunk) => sum + chunk.length, 0) > mostHeld) drop(connection);
  };
  connection.process_line = (line) => {
    // Data is data, whatever it looks like; a dead connection is Haraka's business.
    if (connection.state === state.DATA || connection.state >= state.DISCONNECTING) {
      original(line);
    } else if (connection.state === state.CMD && lines.isOpen(connection)) {
      takeOver(connection, '[redacted]');
      lines.line(connection, withoutLineEnd(line));
    } else if (isAuthCommand(line)) {
      authCommand(connection, line, original, lines);
    } else if (line.length > (commandLineLimit ?? hostLineLimit)) {
      connection.respond(521, 'Command line too long', () => {
        connection.disconnect();
      });
    } else {
      original(line);
    }
  };
}

function authCommand(
  connection: Connection,
  line: Buffer,
  original: (line: Buffer) => void,
  lines: ExchangeLines,
): void {
  if (connection.state !== state.CMD) {
    // Haraka answers by itself in every other state, and may log the line: the argument is not for it.
    original(Buffer.from('AUTH\r\n'));
    return;
  }
  takeOver(connection, 'AUTH [redacted]');
  lines.command(connection, withoutLineEnd(line).subarray('AUTH '.length));
}

function takeOver(connection: Connection, shown: string): void {
  connection.current_line = shown;
  connection.logprotocol(`C: ${shown}`);
  connection.state = state.PAUSE_SMTP;
}

function isAuthCommand(line: Buffer): boolean {
  return /^AUTH[ \r\n]/i.test(line.toString('latin1', 0, 5));
}

function withoutLineEnd(line: Buffer): Buffer {
  let end = line.length;
  if (line[end - 1] === 0x0a) end -= 1;
  if (line[end - 1] === 0x0d) end -= 1;
  return line.subarray(0, end);
}
