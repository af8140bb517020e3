import { hash } from 'node:crypto';
import { parseDomain } from '../mailbox.ts';
import { reportProof } from '../provenance/record.ts';
import type { GatekeeperEvent } from './event.ts';
import {
  domainOf,
  effectOf,
  endingOf,
  isAdverse,
  isOfMessage,
  recipientsIn,
  tlsVersionOf,
} from './fields.ts';
import { isPseudonym } from './terms.ts';

/**
 * What is counted of events, so that nobody has to read them all again: by which keys, and whether per hour or per day (UTC).
 * The first key leads to the rows, where one is asked for. `flow` counts messages, and recipients as they leave, once for each of its facets.
 */
export const topics = {
  flow: { per: 'hour', keys: ['facet', 'value', 'outcome'] },
  login: { per: 'day', keys: ['result', 'account', 'network', 'password'] },
  sent: { per: 'day', keys: ['identity', 'network'] },
  left: { per: 'day', keys: ['identity', 'outcome'] },
  adverse: { per: 'day', keys: ['check', 'reason', 'effect', 'who', 'client', 'domain'] },
  session: { per: 'day', keys: ['client', 'port', 'tls', 'end'] },
  partner: { per: 'day', keys: ['partner', 'client', 'domain'] },
  tls: { per: 'day', keys: ['domain', 'policy', 'version', 'result', 'mx', 'address'] },
} as const satisfies Record<string, { per: 'hour' | 'day'; keys: readonly string[] }>;

export type Topic = keyof typeof topics;

/** What was counted under some keys in one hour or on one day. */
export interface Tally {
  readonly topic: Topic;
  /** When that hour or day began, in milliseconds since 1970. */
  readonly at: number;
  /** In the order of `topics`; at most six. */
  readonly keys: readonly string[];
  readonly count: number;
  readonly recipients: number;
  /** Octets of messages. */
  readonly bytes: number;
  /** Of the first and the last event, in milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  /** In which hours of the day there was one: bit 0 from 0:00 UTC on. 0 where each hour is counted by itself. */
  readonly hours: number;
  /** Reference and detail of one of them, of a late one as a rule, where there is something to say; of `tls` the policy, as JSON. */
  readonly sample: string;
}

/** What a tally says beside when and of what. */
export const amounts = ['count', 'recipients', 'bytes', 'first', 'last', 'hours', 'sample'] as const;

export type Amount = (typeof amounts)[number];

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** The beginning of the day (UTC) in which a time lies. */
export function dayOf(time: number): number {
  return Math.floor(time / dayMs) * dayMs;
}

/** The beginning of the hour or day of a topic in which a time lies. */
export function beginningOf(topic: Topic, time: number): number {
  const span = topics[topic].per === 'hour' ? hourMs : dayMs;
  return Math.floor(time / span) * span;
}

/** What two counts of the same make together. */
export function added(one: Tally, other: Tally): Tally {
  const later = one.last > other.last ? one : other;
  return {
    topic: one.topic,
    at: Math.min(one.at, other.at),
    keys: one.keys,
    count: one.count + other.count,
    recipients: one.recipients + other.recipients,
    bytes: one.bytes + other.bytes,
    first: Math.min(one.first, other.first),
    last: later.last,
    hours: one.hours | other.hours,
    sample: later.sample || one.sample || other.sample,
  };
}

/** The key of a tally by its name. */
export function keyOf(tally: Tally, name: string): string {
  const names: readonly string[] = topics[tally.topic].keys;
  return tally.keys[names.indexOf(name)] ?? '';
}

/** What is counted of one event; nothing, of most. It is asked of each event: nothing is spread in here. */
export function talliesOf(event: GatekeeperEvent): readonly Tally[] {
  const { kind, verdict, outcome, accepted } = event;
  const counts = new Counts(event.time);
  if (outcome !== undefined) countOutcome(event, outcome, counts);
  else if (accepted !== undefined) countMessage(event, accepted ? 1 : -1, counts);
  if (event.check === 'auth/login') countLogin(event, counts);
  if (isAdverse(event)) countAdverse(event, counts);
  if (kind === 'connection') countSession(event, counts);
  if (verdict === 'skip' && kind === 'sender') countPartner(event, counts);
  if (event.tls_policy !== undefined) countTls(event, event.tls_policy, counts);
  return counts.tallies;
}

const longestKey = 254;
const longestSample = 300;

/** In characters. Half a policy would be none: a longer one is left away. */
const longestPolicy = 4096;

/** Of one event. */
class Counts {
  readonly tallies: Tally[] = [];
  readonly #time: number;

  constructor(time: string) {
    this.#time = Date.parse(time);
  }

  add(
    topic: Topic,
    keys: readonly string[],
    { count = 1, recipients = 0, bytes = 0, sample = '' }: Amounts = {},
  ) {
    const time = this.#time;
    this.tallies.push({
      topic,
      at: beginningOf(topic, time),
      keys: keys.map(keyText),
      count,
      recipients,
      bytes,
      first: time,
      last: time,
      hours: topics[topic].per === 'hour' ? 0 : 1 << Math.floor((time % dayMs) / hourMs),
      sample: topic === 'tls' ? sample : cut(sample, longestSample),
    });
  }
}

type Amounts = Partial<Pick<Tally, 'count' | 'recipients' | 'bytes' | 'sample'>>;

/** Recipients that a message has reached, or never will, or not yet. */
function countOutcome(event: GatekeeperEvent, outcome: string, counts: Counts): void {
  const { identity = '' } = event;
  const recipients = recipientsIn(event);
  const word = endingOf(outcome);
  counts.add('flow', ['all', '', word], { recipients });
  counts.add('flow', ['identity', identity, word], { recipients });
  counts.add('left', [identity, outcome], { recipients });
}

/** A message that this host answers for; `sign` is -1 for one that it was to answer for, and does not. */
function countMessage(event: GatekeeperEvent, sign: 1 | -1, counts: Counts): void {
  const { identity, network = '', bytes = 0 } = event;
  // Of nothing there is no negative.
  const amounts = { count: sign, recipients: sign * recipientsIn(event) || 0, bytes: sign * bytes || 0 };
  countFlow(event, 'accepted', amounts, counts);
  if (identity !== undefined) counts.add('sent', [identity, network], amounts);
}

function countFlow(event: GatekeeperEvent, outcome: string, amounts: Amounts, counts: Counts): void {
  const { port, role = '', identity = '', network = '' } = event;
  counts.add('flow', ['all', '', outcome], amounts);
  if (port !== undefined) counts.add('flow', ['listener', `${port} ${role}`, outcome], amounts);
  counts.add('flow', ['identity', identity, outcome], amounts);
  if (network !== '') counts.add('flow', ['network', network, outcome], amounts);
}

/** By the account, and by what the client called itself: of one that fails only that is known, and a success is to meet it. */
function countLogin(event: GatekeeperEvent, counts: Counts): void {
  const { verdict, reason = '', login, identity, network = '', wrong_password: password = '' } = event;
  if (login === undefined || verdict === 'skip') return;
  const result = verdict === 'pass' ? 'ok' : reason;
  const [account, typed] = [lowerCase(identity ?? login), lowerCase(login)];
  const amounts = verdict === 'pass' ? noAmounts : { sample: sampleOf(event) };
  counts.add('login', [result, account, network, password], amounts);
  if (typed !== account) counts.add('login', [result, typed, network, password], amounts);
}

/** Who was refused what, or would have been, and what it was about. A wrong password is counted as a login. */
function countAdverse(event: GatekeeperEvent, counts: Counts): void {
  const { check, reason = '', identity, login = '', client = '', sender, helo = '' } = event;
  const effect = effectOf(event);
  if (isOfMessage(event)) {
    countFlow(event, effect, noAmounts, counts);
    counts.add('flow', ['reason', reason, effect]);
  }
  if (reason === 'bad-credentials') return;
  const domain = sender === undefined ? helo : knownDomainOf(sender);
  counts.add('adverse', [check, reason, effect, identity ?? login, client, domain], {
    sample: sampleOf(event),
  });
}

const noAmounts: Amounts = {};

/** How clients for whom somebody has to log in were connected. */
function countSession(event: GatekeeperEvent, counts: Counts): void {
  const { role, client = '', port = 0, reason = '' } = event;
  if (role !== 'submission') return;
  counts.add('session', [client, String(port), tlsVersionOf(event), reason]);
}

/** Mail that an entry of partners has excused: where each still comes from. */
function countPartner(
  { check, detail = '', client = '', sender = '' }: GatekeeperEvent,
  counts: Counts,
): void {
  if (!check.endsWith('impersonation')) return;
  const [, partner] = /^partner ([\w.-]+): /.exec(detail) ?? [];
  if (partner !== undefined) counts.add('partner', [partner, client, domainOf(sender)]);
}

/** A session with a server of a domain, or that there should have been one (RFC 8460 §4.2). One that brings a report is none (§3). */
function countTls(event: GatekeeperEvent, policy: string, counts: Counts): void {
  const { recipients: [recipient = ''] = [], remote = '', remote_address: address = '', proof } = event;
  const [result, domain] = [tlsResultOf(event), parseDomain(domainOf(recipient))];
  if (result === undefined || domain === undefined || proof === reportProof) return;
  const { tls_policy_string: lines } = event;
  const text = lines === undefined ? '' : JSON.stringify(lines);
  const version = text === '' ? '' : hash('sha256', text).slice(0, 12);
  counts.add('tls', [domain, policy, version, result, remote.toLowerCase(), address], {
    sample: text.length > longestPolicy ? '' : text,
  });
}

/** RFC 8460 §4.3. A server that said nothing was not reached, which is no failure of TLS (§4.3.4). */
function tlsResultOf(event: GatekeeperEvent): string | undefined {
  const { check, reason, outcome, remote_tls: tls, remote_address: address, answer = '' } = event;
  if (check === 'outbound/tls') return reason;
  if (check !== 'outbound/delivery' || outcome === undefined) return undefined;
  if (tls !== undefined) return 'successful';
  const isInClear = address !== undefined && (outcome === 'delivered' || isReply.test(answer));
  return isInClear ? 'starttls-not-supported' : undefined;
}

const isReply = /^[2-5]\d\d(?:[ -]|$)/;

function sampleOf({ reference, detail }: GatekeeperEvent): string {
  return detail === undefined ? reference : `${reference}: ${detail}`;
}

/** None, of a sender who is not named any more. */
function knownDomainOf(sender: string): string {
  return isPseudonym(sender) ? '' : domainOf(sender);
}

function lowerCase(name: string): string {
  return isPseudonym(name) ? name : name.toLowerCase();
}

/** As which a text stands among the keys of a tally: cut, and of characters that every store can keep. */
export function keyText(text: string): string {
  return cut(text, longestKey);
}

/** NUL, which PostgreSQL has no room for, and halves of characters that are no text at all. */
const unkept = /[\0\p{Surrogate}]/gu;

/** Nothing of that is in nearly all texts, and this is found out much faster. */
const plain = /^[\x01-\x7f]*$/;

function cut(text: string, most: number): string {
  const short = text.length > most ? `${text.slice(0, most)}…` : text;
  return plain.test(short) ? short : short.replace(unkept, '\ufffd');
}
