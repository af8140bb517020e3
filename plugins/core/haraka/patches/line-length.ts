import { definePatch, expect } from '../patch.ts';
import { throwAwayConnection } from '../throw-away.ts';

/** Where Haraka gives up with 521: above the longest line of an exchange (RFC 4954 §4), so that we can answer 500 5.5.6. */
const hostLineLimit = 16_384;

let limitOfOthers = Infinity;

/** The longest line, in octets, of a command that is not AUTH: what Haraka would take if this patch were not there. */
export function commandLineLimit(): number {
  return limitOfOthers;
}

/**
 * Lets Haraka read lines long enough for AUTH. The limit is global; `auth-lines` holds every other command to what
 * it was.
 */
export const lineLength = definePatch({
  name: 'line-length',
  reaches: '`cfg.max.line_length` of `connection.js`',
  why: 'An AUTH line may have 12,288 octets (RFC 4954 §4); Haraka has one limit for all commands, 512.',
  fallback:
    'AUTH lines may be as long as max.line_length of connection.ini says, which an operator can raise for all commands',
  install: (plugin) => {
    const { max } = plugin.haraka_require('connection').cfg;
    const before = max.line_length;
    max.line_length = Math.max(before, hostLineLimit);
    limitOfOthers = before;
    return () => {
      max.line_length = before;
      limitOfOthers = Infinity;
    };
  },
  selfTest(plugin) {
    const { connection, said } = throwAwayConnection(plugin);
    const read: number[] = [];
    connection.process_line = (line) => {
      read.push(line.length);
    };
    connection.process_data(Buffer.from(`${'x'.repeat(12_286)}\r`));
    connection.process_data(Buffer.from('\n'));
    expect('a line of 12,288 octets to be read as one', read[0] === 12_288 && said.length === 0);
  },
});
