import { AddressSet } from '../core/address-set.ts';
import { parseClient } from '../core/spf/address.ts';
import type { EventFields } from './event-filter.ts';

/** Whom a refusal would have met, as far as it matters for what has to be mended. */
export interface Subject {
  readonly check: string;
  readonly reason: string;
  /** The account, and the address that is not its own: where it comes from does not matter. */
  readonly identity?: string;
  readonly address?: string;
  /** Whose mail it would be: of the envelope, the header or HELO, whichever was judged. */
  readonly domain?: string;
  readonly peer?: string;
}

/** Refusals that a mode withheld, of one kind and for one subject. */
export interface Group extends Subject {
  /** Address of the last one, and the network where there were several; absent with an identity. */
  client?: string;
  network?: string;
  count: number;
  first: string;
  last: string;
  /** Of the last one. */
  reference: string;
  detail?: string;
}

/** Whoever may send mail can make groups: more than so many are only counted. */
const mostGroups = 10_000;

/** Collects withheld refusals from events. */
export class Withheld {
  readonly #groups = new Map<string, Group>();
  /** Events beyond the most groups. */
  omitted = 0;

  add(event: EventFields): void {
    if (!isWithheld(event)) return;
    const subject = subjectOf(event);
    const client = subject.identity === undefined ? textOf(event['client']) : undefined;
    const key = JSON.stringify([subject, client && networkOf(client)]);
    const group = this.#groups.get(key);
    if (group) addTo(group, event, client);
    else if (this.#groups.size >= mostGroups) this.omitted += 1;
    else this.#groups.set(key, newGroup(subject, event, client));
  }

  /** Those with the most events come first. */
  groups(): Group[] {
    return [...this.#groups.values()].sort((one, other) => other.count - one.count);
  }
}

function isWithheld({ verdict, mode, would_refuse }: EventFields): boolean {
  const isAdverse = verdict === 'refuse' || verdict === 'defer';
  return isAdverse && (would_refuse === true || mode === 'observe');
}

function newGroup(subject: Subject, event: EventFields, client: string | undefined): Group {
  const time = textOf(event['time']) ?? '';
  const group: Group = { ...subject, count: 0, first: time, last: time, reference: '' };
  addTo(group, event, client);
  return group;
}

function addTo(group: Group, event: EventFields, client: string | undefined): void {
  const { time, reference, detail } = event;
  group.count += 1;
  if (client !== undefined) {
    if (group.client !== undefined && client !== group.client) group.network = networkOf(client);
    group.client = client;
  }
  const at = textOf(time) ?? '';
  if (at < group.first) group.first = at;
  if (at < group.last) return;
  group.last = at;
  group.reference = textOf(reference) ?? '';
  if (typeof detail === 'string') group.detail = detail;
}

/** What belongs to one system of senders, often: a /24 or a /64. */
function networkOf(client: string): string {
  const address = parseClient(client);
  if (!address) return client;
  const [network = client] = AddressSet.network(address, address.family === 4 ? 24 : 64).networks();
  return network;
}

function subjectOf(event: EventFields): Subject {
  const identity = textOf(event['identity']);
  const peer = textOf(event['peer']);
  const [reason, detail] = [textOf(event['reason']) ?? '-', textOf(event['detail'])];
  const subject = { check: textOf(event['check']) ?? '-', reason };
  if (identity !== undefined) {
    const isAddress = detail !== undefined && reason.endsWith('-not-owned');
    return { ...subject, identity, ...(isAddress && { address: detail }) };
  }
  const domain = domainOf(reason, detail) ?? afterAt(textOf(event['sender']) ?? '');
  return { ...subject, ...(domain !== undefined && { domain }), ...(peer !== undefined && { peer }) };
}

/** The domain that was judged is not always that of the envelope: it stands in the detail then. */
function domainOf(reason: string, detail = ''): string | undefined {
  if (reason.startsWith('spf-')) return /^.*: SPF \S+ of (\S+)/s.exec(detail)?.[1];
  if (reason === 'header-not-owned') return afterAt(detail.slice(0, Math.max(0, detail.lastIndexOf(': '))));
  return undefined;
}

function afterAt(address: string): string | undefined {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  return domain === '' ? undefined : domain;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
