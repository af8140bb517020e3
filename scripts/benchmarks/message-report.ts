import type { Machine } from './machine.ts';
import type { MessageEntry, MessageFigures } from './message.ts';
import { ranged, table } from './report.ts';
import { ratiosOf, spreadOf } from './statistics.ts';

/** Microseconds within which Gatekeeper is to judge a header. */
const target = 300;

/** The report for people. */
export function messageTextOf({ octets, entries }: MessageFigures, machine: Machine, rounds: number): string {
  const { processor, cores, versions } = machine;
  const shown = ['Node.js', 'nodemailer', 'mailparser'].map((name) => `${name} ${versions[name] ?? ''}`);
  const own = entries.find(({ name }) => name === 'gatekeeper');
  const rows = entries.map((entry) => [
    entry.title,
    ranged(spreadOf(entry.turns), 1),
    timesOf(entry, own),
    entry === own ? `at most ${target}` : '',
  ]);
  return [
    `${processor}, ${cores} cores`,
    shown.join(', '),
    `${rounds} rounds; microseconds of CPU time for a header of ${octets} octets: median (least to most)`,
    '',
    ...table([['', 'CPU-µs', 'times as long as Gatekeeper', 'target'], ...rows]),
  ].join('\n');
}

function timesOf(entry: MessageEntry, own: MessageEntry | undefined): string {
  return !own || own === entry ? '' : ranged(ratiosOf(entry.turns, own.turns), 2);
}
