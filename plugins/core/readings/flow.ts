import { hourMs, dayMs } from '../events/tallies.ts';
import { ask, type AskTallies, type Counted, type Period } from './ask.ts';
import type { Column, Finding, Row, Section, Series, Table } from './report.ts';
import { count, groupsBy, sum, tableOf, tableOfMost, text } from './words.ts';

type Flow = Counted<'flow'>;

/** What becomes of messages, and of their recipients. */
const outcomes = ['accepted', 'refused', 'deferred', 'withheld'] as const;
const endings = ['delivered', 'retried', 'bounced', 'dropped'] as const;

/** Beyond so many hours a chart has one value for each day. */
const mostHours = 7 * 24 + 1;

/** What is asked for flow; each facet adds up to the same messages. */
export async function askFlow(tallies: AskTallies, period: Period) {
  const amounts = ['count', 'recipients', 'bytes'] as const;
  const facet = (name: string) => ask(tallies, 'flow', period, { where: { facet: name }, amounts });
  const over = ask(tallies, 'flow', period, { where: { facet: 'all' }, isOverTime: true, amounts });
  const [overTime, listener, identity, network, reason] = await Promise.all([
    over,
    ...['listener', 'identity', 'network', 'reason'].map(facet),
  ]);
  return {
    overTime,
    listener: listener ?? [],
    identity: identity ?? [],
    network: network ?? [],
    reason: reason ?? [],
  };
}

type Facets = Awaited<ReturnType<typeof askFlow>>;

/** Messages, recipients and bytes: how many, of whom, from where, and what became of them; and what is held. */
export function readFlow(facets: Facets, period: Period, held: readonly Finding[]): Section {
  const { overTime, listener, identity, network, reason } = facets;
  return {
    name: 'flow',
    title: 'Mail flow',
    about:
      'Messages that this gateway has answered for or refused, and the recipients that they have reached.',
    series: seriesOf(overTime, period),
    findings: held,
    noFindings: '',
    tables: [
      outcomeTable(overTime),
      facetTable('listeners', 'By listener', 'listener', listener),
      facetTable('identities', 'By identity', 'identity', identity),
      facetTable('networks', 'By network of the client', 'network', network),
      reasonTable(reason),
    ],
  };
}

function seriesOf(overTime: readonly Flow[], { since, until }: Period): Series[] {
  const step = (until - since) / hourMs > mostHours ? dayMs : hourMs;
  const begin = Math.floor(since / step) * step;
  const steps = Math.max(1, Math.ceil((until - begin) / step));
  const times = Array.from({ length: steps }, (_, index) => begin + index * step);
  const line = (name: string, amount: 'count' | 'recipients' | 'bytes') => {
    const values = times.map(() => 0);
    for (const row of overTime) {
      const place = Math.floor((row.at - begin) / step);
      if (row.outcome === name && place in values) values[place] = (values[place] ?? 0) + row[amount];
    }
    return { name, values };
  };
  const made = (name: string, title: string, lines: Series['lines']): Series => ({
    name,
    title,
    times,
    lines,
  });
  return [
    made(
      'messages',
      'Messages',
      outcomes.map((outcome) => line(outcome, 'count')),
    ),
    made(
      'recipients',
      'Recipients',
      endings.map((outcome) => line(outcome, 'recipients')),
    ),
    made('bytes', 'Octets accepted', [line('accepted', 'bytes')]),
  ];
}

function outcomeTable(overTime: readonly Flow[]): Table {
  const groups = groupsBy(overTime, ({ outcome }) => outcome);
  const rows = [...outcomes, ...endings].flatMap((outcome): Row[] => {
    const group = groups.get(outcome);
    if (!group) return [];
    // A message whose delivery is told of was counted when it was accepted.
    const isMessage = outcomes.some((name) => name === outcome);
    const total = totalOf(group);
    return [
      {
        outcome,
        messages: isMessage ? total.messages : '',
        recipients: total.recipients,
        bytes: total.bytes,
      },
    ];
  });
  return tableOf(
    {
      name: 'outcomes',
      title: 'By outcome',
      about: 'Messages at this gateway, and recipients as the messages leave; retried counts each try.',
      empty: 'Messages stand here as soon as the gateway has accepted or refused one.',
    },
    [text('outcome', 'outcome'), count('messages', 'messages'), count('recipients', 'recipients'), bytes],
    rows,
  );
}

const bytes: Column = { name: 'bytes', title: 'octets', kind: 'bytes' };

const amounts: readonly Column[] = [
  ...['accepted', 'refused', 'deferred', 'withheld'].map((name) => count(name, name)),
  count('recipients', 'recipients'),
  bytes,
  ...['delivered', 'bounced'].map((name) => count(name, name)),
];

function facetTable(name: string, title: string, key: string, flows: readonly Flow[]): Table {
  const rowOf = ([value, group]: readonly [string, readonly Flow[]]): Row => {
    const of = (outcome: string) => totalOf(group.filter((each) => each.outcome === outcome));
    const accepted = of('accepted');
    return {
      [key]: value === '' ? 'nobody logged in' : value.trim(),
      ...{ accepted: accepted.messages, recipients: accepted.recipients, bytes: accepted.bytes },
      ...Object.fromEntries(['refused', 'deferred', 'withheld'].map((each) => [each, of(each).messages])),
      ...{ delivered: of('delivered').recipients, bounced: of('bounced').recipients },
    };
  };
  return tableOfMost(
    {
      name,
      title,
      about:
        'Messages by what became of them here; recipients and octets of those accepted; recipients as they left.',
      empty: 'They stand here as soon as a message was accepted or refused.',
    },
    [text(key, key), ...amounts],
    {
      items: [...groupsBy(flows, ({ value }) => value)],
      weightOf: ([, group]) => sum(group, (each) => (weighing.has(each.outcome) ? each.count : 0)),
      rowOf,
    },
  );
}

/** Of what a row of a facet comes before another. */
const weighing: ReadonlySet<string> = new Set(['accepted', 'refused', 'deferred']);

function reasonTable(flows: readonly Flow[]): Table {
  const rows = [...groupsBy(flows, ({ value, outcome }) => `${value} ${outcome}`).values()].map(
    (group): Row => {
      const { value: reason = '', outcome = '' } = group[0] ?? {};
      return { reason, outcome, messages: totalOf(group).messages };
    },
  );
  return tableOf(
    {
      name: 'reasons',
      title: 'Refusals by reason',
      about:
        'Messages that were refused, deferred, or would have been; docs/refusals.md tells what to do about each.',
      empty: 'Reasons stand here as soon as a message was refused.',
    },
    [text('reason', 'reason'), text('outcome', 'outcome'), count('messages', 'messages')],
    rows.sort((one, other) => Number(other['messages']) - Number(one['messages'])),
  );
}

function totalOf(flows: readonly Flow[]) {
  const total = { messages: 0, recipients: 0, bytes: 0 };
  for (const flow of flows) {
    total.messages += flow.count;
    total.recipients += flow.recipients;
    total.bytes += flow.bytes;
  }
  return total;
}
