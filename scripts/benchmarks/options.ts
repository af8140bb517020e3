import { parseArgs } from 'node:util';
import { contestants } from './contestants.ts';
import type { Contestant } from './server.ts';

/** What can be measured. */
const subjects = ['sessions', 'spf', 'auth', 'outbound', 'message', 'events'] as const;
export type What = (typeof subjects)[number];

/** What `scripts/bench` was asked for. */
export interface Options {
  readonly help: boolean;
  readonly what: What;
  readonly contestants: readonly Contestant[];
  readonly seconds: number;
  readonly rounds: number;
  readonly clients: number;
  /** How long each server is visited before anything is counted. */
  readonly warmUpSeconds: number;
  /** How many are in the store. */
  readonly events: number;
  readonly json: boolean;
}

/** A command line that cannot be meant; the message is one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const names = contestants.map(({ name }) => name);

export const usage = `Usage: scripts/bench sessions [options]
       scripts/bench spf [--seconds N] [--rounds N] [--json]
       scripts/bench auth [--seconds N] [--rounds N] [--clients N] [--json]
       scripts/bench outbound [--seconds N] [--rounds N] [--json]
       scripts/bench message [--seconds N] [--rounds N] [--json]
       scripts/bench events [--events N] [--rounds N] [--json]

sessions  sessions of STARTTLS, AUTH and one message: what each server spends on one, and how many it does in a second;
          needs root, or sudo, for Postfix
spf       evaluations of SPF: how long one takes, beside haraka-plugin-spf, mailauth and the bare queries
auth      logins against a directory: how many in a second, beside libldap in C, ldapts and haraka-plugin-auth-ldap
outbound  the way out of one message: what the gate, the record and the limits take, beside Haraka's own queueing
message   headers of 4 KiB that are read and judged: CPU time for one, beside what nodemailer and mailparser take to read it
events    events: what one costs the event loop, how many are written in a second, and how long it takes to read a report
          and to find a message among many

  --seconds N   how long each server is visited in each round (default 2)
  --rounds N    rounds, in each of which every server has its turn (default 10)
  --clients N   clients that come at once (default 8)
  --warm-up N   how many seconds each server is visited before anything is counted (default 20)
  --events N    events that are written, and among which is looked (default 1000000)
  --only NAME   measure this server alone (repeatable): ${names.join(', ')}
  --json        print all figures as JSON
  --help        print this and end
`;

/** Reads the command line; throws `UsageError`. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const what = subjects.find((subject) => subject === positionals.join(' '));
  if (!values.help && what === undefined) {
    throw new UsageError(`expected what to measure: ${subjects.join(' or ')}; --help lists the options`);
  }
  const only = values.only ?? names;
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new UsageError(`--only ${unknown}: expected one of ${names.join(', ')}`);
  return {
    help: values.help,
    what: what ?? 'sessions',
    contestants: contestants.filter(({ name }) => only.includes(name)),
    seconds: positive('--seconds', values.seconds, 600),
    rounds: positive('--rounds', values.rounds, 100),
    clients: positive('--clients', values.clients, 50),
    warmUpSeconds: positive('--warm-up', values['warm-up'], 600),
    events: positive('--events', values.events, 100_000_000),
    json: values.json,
  };
}

function parse(args: readonly string[]) {
  const options = {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '10' },
    clients: { type: 'string', default: '8' },
    'warm-up': { type: 'string', default: '20' },
    events: { type: 'string', default: '1000000' },
    only: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\.?\s*\n|\. /)[0]}; --help lists the options`);
  }
}

function positive(option: string, text: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= most) return value;
  throw new UsageError(`${option} ${text}: expected a whole number from 1 to ${most}`);
}
