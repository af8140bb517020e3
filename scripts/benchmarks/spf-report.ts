import type { Machine } from './machine.ts';
import { ranged, table } from './report.ts';
import { crowds, type SpfEntry, type SpfFigures } from './spf.ts';
import { shapes } from './spf-shapes.ts';
import { ratiosOf, spreadOf } from './statistics.ts';

/** How many times as long as Gatekeeper the others are to take, one evaluation at a time. */
const targets: Readonly<Record<string, string>> = {
  'haraka-plugin-spf': 'at least 1.5',
  mailauth: 'at least 2.0',
  bare: 'at least 0.83',
  warm: 'at most 0.05',
};

/** The report for people. */
export function spfTextOf({ entries }: SpfFigures, machine: Machine, rounds: number): string {
  const { processor, cores, versions } = machine;
  const shown = ['Node.js', 'haraka-plugin-spf', 'mailauth'].map((name) => `${name} ${versions[name] ?? ''}`);
  const head = [
    `${processor}, ${cores} cores, the DNS server on the same machine`,
    shown.join(', '),
    `${rounds} rounds; microseconds for one evaluation: median (least to most)`,
  ];
  const parts = shapes.map(({ name, title }) => {
    const rows = entries.filter(({ shape }) => shape === name);
    return [`\n${title}`, ...table(rowsOf(rows))];
  });
  return [...head, ...parts.flat()].join('\n');
}

function rowsOf(entries: readonly SpfEntry[]): string[][] {
  const own = entries.find(({ name }) => name === 'gatekeeper');
  const header = [
    '',
    'queries',
    ...crowds.map((crowd) => `${crowd} at once`),
    'times as long as Gatekeeper',
    'target',
  ];
  const rows = entries.map((entry) => {
    const figures = crowds.map((crowd) => ranged(spreadOf(entry.turns[crowd] ?? []), 1));
    return [
      entry.title,
      entry.queries.toFixed(1),
      ...figures,
      timesOf(entry, own),
      targets[entry.name] ?? '',
    ];
  });
  return [header, ...rows];
}

/** One at a time, in the same round. */
function timesOf(entry: SpfEntry, own: SpfEntry | undefined): string {
  if (!own || own === entry) return '';
  return ranged(ratiosOf(entry.turns[1] ?? [], own.turns[1] ?? []), 2);
}
