import { ask, type AskTallies, type Counted, type Period } from './ask.ts';
import { deviceRemedyFor } from './remedies.ts';
import { detailOf, latest, networkOf, refusalOf, totalOf, type AdverseTally } from './refusals.ts';
import type { Finding, Row, Section, Table } from './report.ts';
import { thresholds } from './thresholds.ts';
import type { Logins } from './tries.ts';
import {
  count,
  few,
  firstAndLast,
  groupsBy,
  heaviest,
  reach,
  so,
  span,
  sum,
  tableOf,
  tableOfMost,
  text,
} from './words.ts';

/** What is asked for how clients were connected. */
export function askSessions(tallies: AskTallies, period: Period) {
  return ask(tallies, 'session', period, {
    most: thresholds.mostTallies,
    amounts: ['count', 'first', 'last'],
  });
}

type Session = Counted<'session'>;

/** Programs and devices that are set up wrongly, each with what to tell its owner. */
export function readMisconfigured(
  adverse: readonly AdverseTally[],
  sessions: readonly Session[],
  logins: Logins,
): Section {
  const devices = devicesIn(adverse);
  const ours = devices.filter(({ tallies }) => isOurs(tallies, logins));
  return {
    name: 'misconfigured',
    title: 'Misconfigured',
    about:
      'Programs and devices of ours that are refused for how they are set up. Send the remedy to their owner.',
    series: [],
    findings: heaviest(ours, thresholds.mostFindings, countOf).map(findingOf),
    noFindings: 'No program or device of ours is refused for how it is set up.',
    tables: [clientTable(devices), sessionTable(sessions)],
  };
}

/** One device of an account, or at an address, and what is wrong with it. */
interface Device {
  readonly tallies: readonly AdverseTally[];
  readonly last: AdverseTally;
  readonly known: NonNullable<ReturnType<typeof deviceRemedyFor>>;
}

function devicesIn(adverse: readonly AdverseTally[]): Device[] {
  const wrong = adverse.flatMap((tally) => {
    const known = deviceRemedyFor(tally.reason, detailOf(tally));
    return known ? [{ tally, known }] : [];
  });
  const groups = groupsBy(
    wrong,
    ({ tally: { who, client }, known: { reading } }) => `${reading}\0${who}\0${client}`,
  );
  return [...groups.values()].flatMap((group) => {
    const tallies = group.map(({ tally }) => tally);
    const last = latest(tallies);
    const known = group.find(({ tally }) => tally === last)?.known;
    return last && known ? [{ tallies, last, known }] : [];
  });
}

function countOf({ tallies }: Device): number {
  return sum(tallies, ({ count: each }) => each);
}

function findingOf({ tallies, last, known }: Device): Finding {
  const { who, client, detail, reference } = refusalOf(last);
  const total = totalOf(tallies);
  const helos = [...new Set(tallies.map(({ domain }) => domain).filter((domain) => domain !== ''))];
  const subject = who === '' ? client : who;
  const isWithheld = tallies.every(({ effect }) => effect === 'withheld');
  return {
    reading: known.reading,
    subject,
    says: `${subject}${who !== '' && client !== '' ? ` at ${client}` : ''} ${isWithheld ? 'would be' : 'is'} refused: ${known.reading}.`,
    evidence: [
      `${so(total.count, 'time')}, ${span(total.first, total.last)}`,
      `reason: ${last.reason}, by ${last.check}`,
      ...(helos.length > 0 ? [`sends as, or calls itself: ${few(helos)}`] : []),
      `the last one: ${reference}${detail === '' ? '' : `: ${detail}`}`,
    ],
    remedy: known.remedy,
    ...{ count: total.count, first: total.first, last: total.last },
  };
}

/** Of an account, or from where somebody of ours logs in; what nobody knows only if it keeps coming. */
function isOurs(group: readonly AdverseTally[], logins: Logins): boolean {
  const [{ who, client, reason } = { who: '', client: '', reason: '' }] = group;
  const { count: events, hours } = totalOf(group);
  const { misconfigured } = thresholds;
  if (who !== '' && logins.exists(who.toLowerCase())) return true;
  const isNear = logins.isTrusted(networkOf(client));
  // Whoever looks for open relays comes again, too.
  if (!isNear && (reason === 'relay-denied' || logins.attacksFrom(networkOf(client)))) return false;
  const factor = isNear ? 1 : 2;
  return events >= misconfigured.events * factor && hours >= misconfigured.hours * factor;
}

function clientTable(devices: readonly Device[]): Table {
  const rowOf = ({ tallies, last, known }: Device): Row => {
    const total = totalOf(tallies);
    return {
      ...{ what: known.reading, account: last.who, client: last.client, reason: last.reason },
      ...{ count: total.count, first: total.first, last: total.last },
    };
  };
  return tableOfMost(
    {
      name: 'refused',
      title: 'Refused for how they are set up',
      about: 'All clients, scanners of the internet among them; what is ours is told of above.',
      empty: 'Clients stand here as soon as one was refused for how it is set up.',
    },
    [
      ...['what', 'account', 'client', 'reason'].map((name) => text(name, name)),
      count('count', 'times'),
      ...firstAndLast,
    ],
    { items: devices, weightOf: countOf, rowOf },
  );
}

function sessionTable(sessions: readonly Session[]): Table {
  const rows = [...groupsBy(sessions, ({ port, tls, end }) => `${port} ${tls} ${end}`).values()].map(
    (group): Row => {
      const { port = '', tls = '', end = '' } = group[0] ?? {};
      return {
        ...{ port, tls, end },
        sessions: sum(group, (each) => each.count),
        clients: new Set(group.map(({ client }) => client)).size,
        ...reach(group),
      };
    },
  );
  return tableOf(
    {
      name: 'sessions',
      title: 'How clients connect',
      about: 'Connections to ports where somebody has to log in, by the TLS that they had; clear: none.',
      empty: 'Connections stand here as soon as one has ended.',
    },
    [
      ...['port', 'tls', 'end'].map((name) => text(name, name)),
      count('sessions', 'connections'),
      count('clients', 'clients'),
      ...firstAndLast,
    ],
    rows.sort((one, other) => Number(other['sessions']) - Number(one['sessions'])),
  );
}
