import type { Machine } from './machine.ts';
import type { OutboundFigures, OutboundTurn, Spent } from './outbound.ts';
import { ranged, table } from './report.ts';
import { ratiosOf, spreadOf } from './statistics.ts';

/** Microseconds of CPU time that the gate, the record and the limits may take together. */
const target = 'under 200';

/** The report for people. */
export function outboundTextOf({ messages, turns }: OutboundFigures, machine: Machine): string {
  const { processor, cores, versions } = machine;
  const head = [
    `${processor}, ${cores} cores`,
    `Node.js ${versions['Node.js'] ?? ''}, Haraka ${versions['Haraka'] ?? ''}`,
    `${turns.haraka.length} rounds of ${messages} messages; microseconds for one message: median (least to most)`,
  ];
  const header = ['', 'CPU time', 'by the clock', 'target'];
  const rows = rowsOf(turns).map(([title, figures, goal = '']) => [
    title,
    ranged(spreadOf(figures('cpu')), 0),
    ranged(spreadOf(figures('clock')), 0),
    goal,
  ]);
  const share = ratiosOf(allThree(turns)('cpu'), of(turns.haraka, 'queue')('cpu'));
  return [
    ...head,
    '',
    ...table([header, ...rows]),
    '',
    `all three take ${ranged(share, 3)} times the CPU time of Haraka's queueing`,
  ].join('\n');
}

type Turns = OutboundFigures['turns'];
type Figures = (measure: keyof Spent) => number[];

function rowsOf(turns: Turns): [title: string, figures: Figures, target?: string][] {
  const { haraka, gate, counted, known, told } = turns;
  const peer = of(haraka, 'delivery');
  return [
    ['the gate, clearances, and the record that is kept', of(gate, 'checks')],
    ['the record judged when it leaves', minus(of(gate, 'delivery'), peer)],
    ['limits and suspension, in SQLite', minus(of(counted, 'checks'), of(gate, 'checks'))],
    ['more, with suspension.new_recipients', minus(of(known, 'checks'), of(counted, 'checks'))],
    ['all three', allThree(turns), target],
    ['the same with gatekeeper/audit, which writes each event', wayOut(told, peer)],
    ["Haraka's queueing, without Gatekeeper", of(haraka, 'queue')],
    ["Haraka's queueing, with it", of(counted, 'queue')],
  ];
}

function allThree({ haraka, counted }: Turns): Figures {
  return wayOut(counted, of(haraka, 'delivery'));
}

/** All that is done of ours; `peer` is what Haraka does by itself when a message leaves. */
function wayOut(turns: readonly OutboundTurn[], peer: Figures): Figures {
  return minus((measure) => turns.map(({ checks, delivery }) => checks[measure] + delivery[measure]), peer);
}

function of(turns: readonly OutboundTurn[], part: Exclude<keyof OutboundTurn, 'hooks'>): Figures {
  return (measure) => turns.map((turn) => turn[part][measure]);
}

/** In the same round. */
function minus(one: Figures, other: Figures): Figures {
  return (measure) => {
    const others = other(measure);
    return one(measure).map((figure, round) => figure - (others[round] ?? Number.NaN));
  };
}
