import type { Shares } from './cpu-profile.ts';
import type { Machine } from './machine.ts';
import { type Manner, manners, type Turn } from './measure.ts';
import type { Options } from './options.ts';
import type { Entry, Result } from './sessions.ts';
import { ratiosOf, type Spread, spreadOf } from './statistics.ts';

/** How many times better than another server Gatekeeper is to be. */
const targets: Readonly<Record<string, number>> = { haraka: 1.4, 'auth-ldap': 3, postfix: 1.2 };

/** How much of its CPU time the policies may take at most. */
const policyTarget = 0.05;

const headings: Readonly<Record<Manner, string>> = {
  resumed: 'Clients resume TLS sessions where the server lets them',
  full: 'Every TLS handshake is a full one',
};

/** The report for people. */
export function textOf(result: Result, machine: Machine, { rounds, seconds }: Options): string {
  const { processor, cores, versions } = machine;
  const shown = Object.entries(versions).flatMap(([name, version]) =>
    version ? [`${name} ${version}`] : [],
  );
  const tls = new Set(result.entries.flatMap(({ turns }) => turns.full.flatMap((turn) => turn.tls)));
  const head = [
    `${processor}, ${cores} cores, clients on the same machine`,
    shown.join(', '),
    `${[...tls].join(', ')}; ${rounds} rounds of ${seconds} s; median (least to most)`,
  ];
  const parts = manners.flatMap((manner) => [
    `\n${headings[manner]}`,
    ...table(figureRows(result, manner)),
    ...comparison(result, manner),
  ]);
  return [...head, ...parts, ...profileLines(result.shares)].join('\n');
}

function figureRows({ entries }: Result, manner: Manner): string[][] {
  const header = [
    '',
    'clients',
    'CPU-ms per session',
    'sessions/s',
    'slapd CPU-ms',
    'client CPU-ms',
    'resumed',
  ];
  const rows = entries.map(({ title, clients, turns: { [manner]: turns } }) => [
    title,
    String(clients),
    ranged(spreadOf(turns.map(({ serverMs }) => serverMs)), 2),
    ranged(spreadOf(turns.map(rateOf)), 0),
    spreadOf(turns.map(({ directoryMs }) => directoryMs)).median.toFixed(2),
    spreadOf(turns.map(({ clientMs }) => clientMs)).median.toFixed(2),
    percent(sum(turns.map(({ resumed }) => resumed)) / sum(turns.map(({ sessions }) => sessions))),
  ]);
  return [header, ...rows];
}

/** How Gatekeeper does beside each other server, in the same round and for as many clients. */
function comparison({ entries }: Result, manner: Manner): string[] {
  const isOurs = ({ name }: Entry) => name.startsWith('gatekeeper');
  const header = ['Gatekeeper beside', 'sessions per CPU time', 'sessions per second', 'target'];
  const rows = entries
    .filter((entry) => !isOurs(entry))
    .flatMap((other) => {
      const ours = entries.find((entry) => isOurs(entry) && entry.clients === other.clients);
      return ours ? [comparisonRow(ours, other, manner)] : [];
    });
  return rows.length > 0 ? ['', ...table([header, ...rows])] : [];
}

function comparisonRow(ours: Entry, { name, title, turns }: Entry, manner: Manner): string[] {
  const [own, others] = [ours.turns[manner], turns[manner]];
  const byCpu = ratiosOf(
    others.map(({ serverMs }) => serverMs),
    own.map(({ serverMs }) => serverMs),
  );
  const byRate = ratiosOf(own.map(rateOf), others.map(rateOf));
  const target = targets[name];
  return [title, ranged(byCpu, 2), ranged(byRate, 2), target === undefined ? '' : target.toFixed(1)];
}

function profileLines(shares: Shares | undefined): string[] {
  if (!shares) return [];
  const { owned, self } = shares;
  const rows = [
    ['policies: checks, their facts, the gate', percent(owned.policies)],
    ['events and log lines of refusals', percent(owned.events)],
    ['both together', percent(owned.policies + owned.events), `target: under ${percent(policyTarget)}`],
    ['logging in: exchange and LDAP', percent(owned.authentication)],
    ['Haraka', percent(owned.Haraka)],
    ['Node.js: handshakes, sockets, garbage', percent(owned['Node.js'])],
    ['our own code by itself, of all that', percent(self)],
  ];
  return ['\nWhere the CPU time of Gatekeeper goes, by samples of its stack', ...table(rows)];
}

function rateOf({ sessions, seconds }: Turn): number {
  return sessions / seconds;
}

function sum(figures: readonly number[]): number {
  return figures.reduce((total, figure) => total + figure, 0);
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

/** The middle, and how far the others are from it. */
export function ranged({ min, median, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}

/** Columns as wide as they need, the first to the left. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return cells.join('   ').trimEnd();
  });
}
