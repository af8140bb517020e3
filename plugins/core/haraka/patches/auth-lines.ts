import constants from 'haraka-constants';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';
import type { Connection } from '../types.ts';
import { commandLineLimit } from './line-length.ts';

const { state } = constants.connection;

/** What an authentication exchange does with the lines of its session. */
export interface ExchangeLines {
  /** An AUTH command, CRLF removed, `AUTH ` removed. Nothing else is read until it has answered. */
  command(connection: Connection, argument: Buffer): void;
  /** Whether the next line is part of an exchange and not a command. */
  isOpen(connection: Connection): boolean;
  /** A line of an open exchange, CRLF removed. */
  line(connection: Connection, line: Buffer): void;
}

let exchanges: ExchangeLines | undefined;

/**
 * Takes the lines of AUTH out of Haraka's hands. Through hooks an exchange cannot be made safe: HELP has none,
 * QUIT and RSET ignore the answer, so base64 that spells a verb would run as the verb, and the log shows params.
 */
export const authLines = definePatch({
  name: 'auth-lines',
  reaches: '`process_line` of connections',
  why: 'Hooks see the lines of an exchange as commands, and not all of them (haraka/Haraka#1999 is one result).',
  install: (plugin, lines: ExchangeLines) => {
    exchanges = lines;
    return replaceMethod(
      plugin.haraka_require('connection').Connection.prototype,
      'process_line',
      (original) =>
        function (this: Connection, line: Buffer) {
          read(this, line, (passed) => {
            original.call(this, passed);
          });
        },
    );
  },
  selfTest(plugin) {
    const { connection } = throwAwayConnection(plugin);
    const read: string[] = [];
    const note = (what: string) => (argument: unknown) => void read.push(`${what} ${String(argument)}`);
    Object.assign(connection, { cmd_quit: note('quit'), cmd_noop: note('noop') });
    const say = (line: string, isOpen: boolean) => {
      connection.state = state.CMD;
      const probe = { isOpen: () => isOpen, command: noteOf(note('auth')), line: noteOf(note('line')) };
      during(probe, () => {
        connection.process_data(Buffer.from(`${line}\r\n`));
      });
    };
    say('AUTH PLAIN', false);
    say('QUIT', true);
    say('NOOP x', false);
    expect(
      'AUTH, a line of its exchange and a command to be told apart',
      read.join() === 'auth PLAIN,line QUIT,noop x',
    );
  },
});

function noteOf(note: (argument: unknown) => void) {
  return (_connection: Connection, argument: Buffer) => {
    note(argument);
  };
}

function during(probe: ExchangeLines, work: () => void): void {
  const before = exchanges;
  exchanges = probe;
  try {
    work();
  } finally {
    exchanges = before;
  }
}

function read(connection: Connection, line: Buffer, pass: (line: Buffer) => void): void {
  // Data is data, whatever it looks like; a dead connection is Haraka's business.
  if (!exchanges || connection.state === state.DATA || connection.state >= state.DISCONNECTING) {
    pass(line);
  } else if (connection.state === state.CMD && exchanges.isOpen(connection)) {
    takeOver(connection, '[redacted]');
    exchanges.line(connection, withoutLineEnd(line));
  } else if (isAuthCommand(line)) {
    authCommand(connection, line, exchanges, pass);
  } else if (line.length > commandLineLimit()) {
    connection.respond(521, 'Command line too long', () => {
      connection.disconnect();
    });
  } else {
    pass(line);
  }
}

function authCommand(
  connection: Connection,
  line: Buffer,
  lines: ExchangeLines,
  pass: (line: Buffer) => void,
): void {
  if (connection.state !== state.CMD) {
    // Haraka answers by itself in every other state, and may log the line: the argument is not for it.
    pass(Buffer.from('AUTH\r\n'));
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
