import type { EventFigures, Taken } from './events.ts';
import type { Machine } from './machine.ts';
import { days } from './events-population.ts';
import { ranged, table } from './report.ts';
import { spreadOf } from './statistics.ts';

/** The report for people. */
export function eventsTextOf(
  { hotPath, store, load }: EventFigures,
  machine: Machine,
  rounds: number,
): string {
  const { processor, cores, versions } = machine;
  const { events, adverse, appended, bytes, digested } = store;
  const inSecond = (ms: number) => String(Math.round((1000 * events) / ms));
  const read = (title: string, times: readonly Taken[], target: string) => [
    title,
    ...[times.map(({ wall }) => wall), times.map(({ cpu }) => cpu)].map((each) => ranged(spreadOf(each), 0)),
    target,
  ];
  return [
    `${processor}, ${cores} cores`,
    `Node.js ${versions['Node.js'] ?? ''}; load of the system ${load.map((each) => each.toFixed(1)).join(', then ')}`,
    `${events} events, ${(100 * adverse).toFixed(1)} % of them adverse; ${rounds} rounds of reading: median (least to most)`,
    '',
    ...table([
      ['', '', 'target'],
      ['CPU-µs of the event loop for one event', hotPath.toFixed(1), 'under 50'],
      ['appended in a second', inSecond(appended.wall), 'at least 50000'],
      ['appended in a second of CPU time', inSecond(appended.cpu), ''],
      ['octets for one event', bytes.toFixed(0), ''],
      ['CPU-ms to sum up a day', (digested.cpu / days).toFixed(0), ''],
    ]),
    '',
    ...table([
      ['', 'ms', 'CPU-ms', 'target'],
      read('overview of 24 hours', store.overview, 'under 200'),
      read('a message by its Message-ID', store.message, 'under 200'),
      read('an account with many', store.account, 'under 200'),
      read('report of 30 days', store.report, 'under 2000'),
    ]),
  ].join('\n');
}
