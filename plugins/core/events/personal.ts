import type { GatekeeperEvent } from './event.ts';
import { topics, type Tally } from './tallies.ts';
import { termOf } from './terms.ts';

/**
 * What a field may say of somebody. name: who or where somebody is; text: free text, in which there may be names; network: where
 * somebody is, roughly; technical: nothing, without the others.
 */
export type Personal = 'name' | 'text' | 'network' | 'technical';

/** Of each field of an event. */
export const personal = {
  ...{ v: 'technical', time: 'technical', node: 'technical', reference: 'technical' },
  ...{ connection: 'technical', kind: 'technical', check: 'technical', verdict: 'technical' },
  ...{ mode: 'technical', would_refuse: 'technical', reason: 'technical' },
  ...{ detail: 'text', reply: 'text' },
  ...{ client: 'name', network: 'network', helo: 'name' },
  ...{ peer: 'technical', port: 'technical', role: 'technical', tls: 'technical' },
  ...{ identity: 'name', identity_id: 'name', credential: 'name', login: 'name' },
  ...{ mechanism: 'technical', wrong_password: 'technical' },
  ...{ sender: 'name', proof: 'technical', accepted: 'technical', bytes: 'technical', queue_id: 'technical' },
  ...{ message_id: 'name', tls_option: 'technical', recipients: 'name' },
  ...{ recipients_omitted: 'technical', bounce_of: 'technical' },
  ...{ outcome: 'technical', remote: 'technical', remote_address: 'technical', remote_port: 'technical' },
  ...{ remote_tls: 'technical', remote_verified: 'technical', tls_policy: 'technical' },
  ...{ tls_policy_string: 'technical', answer: 'text', tries: 'technical' },
  ...{ again: 'technical', delay_seconds: 'technical', smart_host: 'technical' },
  ...{ session_seconds: 'technical' },
  ...{ place: 'technical', revision: 'technical', latency_ms: 'technical' },
} as const satisfies Record<keyof GatekeeperEvent, Personal>;

type FieldOf<P extends Personal> = {
  [Name in keyof typeof personal]: (typeof personal)[Name] extends P ? Name : never;
}[keyof typeof personal];

function fieldsOf<P extends Personal>(meant: P): readonly FieldOf<P>[] {
  const names = Object.keys(personal) as (keyof typeof personal)[];
  return names.filter((name): name is FieldOf<P> => personal[name] === meant);
}

/** All that hold one name. */
const names = fieldsOf('name').filter((name) => name !== 'recipients');
const texts = fieldsOf('text');

/** What stands for a name from now on. */
export type Rename = (name: string) => string;

/** An event that names nobody: names have become others, and of texts the code of a reply is left. */
export function withoutNames(event: GatekeeperEvent, rename: Rename): GatekeeperEvent {
  const left = withoutTexts(event);
  for (const field of names) {
    const name = left[field];
    if (name !== undefined && name !== '') left[field] = rename(name);
  }
  const { identity, reference } = event;
  // That of a suspension begins with whom it is about.
  if (identity !== undefined && left.identity !== undefined && reference.startsWith(`${identity} `)) {
    left.reference = `${left.identity}${reference.slice(identity.length)}`;
  }
  if (left.recipients) left.recipients = left.recipients.map(rename);
  if (left.network !== undefined) left.network = withoutHome(left.network, rename);
  return left;
}

function withoutTexts({ detail, reply, answer, ...left }: GatekeeperEvent): GatekeeperEvent {
  const codes = Object.entries({ detail, reply, answer } satisfies Record<FieldOf<'text'>, unknown>)
    .map(([field, text]) => [field, codeOf(text ?? '')] as const)
    .filter(([, code]) => code !== '');
  return Object.assign(left, Object.fromEntries(codes));
}

/** 256 addresses of IPv4 are an office or a part of a town; a /56 of IPv6 is one household. */
function withoutHome(network: string, rename: Rename): string {
  return network.includes(':') ? rename(network) : network;
}

/** Code and status of a reply (RFC 5321 §4.2, RFC 3463); empty, where there is none. */
function codeOf(text: string): string {
  return /^[245]\d\d(?:[ -][245]\.\d{1,3}\.\d{1,3})?(?![\w.])/.exec(text)?.[0] ?? '';
}

/** The same of a tally, in which names are keys. */
export function tallyWithoutNames(tally: Tally, rename: Rename): Tally {
  const keyNames: readonly string[] = topics[tally.topic].keys;
  const renamed = (key: string) => (key === '' ? '' : rename(key));
  const keys = tally.keys.map((key, index) => {
    if (isNameKey(tally, keyNames[index] ?? '')) return renamed(key);
    return isNetworkKey(tally, keyNames[index] ?? '') ? withoutHome(key, rename) : key;
  });
  return { ...tally, keys, sample: sampleWithoutNames(tally) };
}

function isNameKey({ topic, keys }: Tally, name: string): boolean {
  switch (name) {
    case 'value':
      return keys[0] === 'identity';
    case 'domain':
      // One of recipients may be of one person. Elsewhere it is what a client called itself.
      return topic === 'tls' || (topic === 'adverse' && !/^(?:sender|outbound)\//.test(keys[0] ?? ''));
    default:
      return ['account', 'identity', 'who', 'client'].includes(name);
  }
}

function isNetworkKey({ keys }: Tally, name: string): boolean {
  return name === 'network' || (name === 'value' && keys[0] === 'network');
}

/** The reference, which is technical; a policy names the domain that has published it. */
function sampleWithoutNames({ topic, sample }: Tally): string {
  return topic === 'tls' ? '' : (/^[^:]*/.exec(sample)?.[0] ?? '');
}

/** Who somebody is, by all the names that were given for them. */
export class Person {
  readonly #names: ReadonlySet<string>;
  readonly #text: RegExp;

  /** `also`: by which they are known where nobody is named. */
  constructor(given: readonly string[], also: readonly string[] = []) {
    // Nothing at all is called so, and would be in every text.
    const terms = given.map(termOf).filter((term) => term !== '');
    this.#names = new Set([...terms, ...also]);
    const words = terms.map((term) => term.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`));
    this.#text = new RegExp(
      words.length === 0
        ? '(?!)'
        : `(?<![\\p{L}\\p{N}_.@-])(?:${words.join('|')})(?![\\p{L}\\p{N}_@-]|\\.\\p{L})`,
      'iu',
    );
  }

  isCalled(name: string): boolean {
    return this.#names.has(termOf(name));
  }

  /** Whether it is they who did something, or tried to. Whose address somebody writes as who is known says nothing of that. */
  isActorIn({ identity, identity_id: id, login, sender }: GatekeeperEvent): boolean {
    const proven = [identity, id, login].some((name) => name !== undefined && this.isCalled(name));
    return proven || (identity === undefined && sender !== undefined && this.isCalled(sender));
  }

  isNamedIn(event: GatekeeperEvent): boolean {
    return (
      names.some((field) => this.isCalled(event[field] ?? '')) ||
      (event.recipients ?? []).some((name) => this.isCalled(name)) ||
      texts.some((field) => this.isInText(event[field] ?? ''))
    );
  }

  isCountedIn(tally: Tally): boolean {
    const keyNames: readonly string[] = topics[tally.topic].keys;
    return (
      tally.keys.some((key, index) => this.isCalled(key) && isNameKey(tally, keyNames[index] ?? '')) ||
      this.isInText(tally.sample)
    );
  }

  isInText(text: string): boolean {
    return text !== '' && this.#text.test(text);
  }
}

/** An event that does not name a person: nobody, where they did it; else only them, in no text either. */
export function withoutPerson(event: GatekeeperEvent, person: Person, rename: Rename): GatekeeperEvent {
  if (person.isActorIn(event)) return withoutNames(event, rename);
  const left = texts.some((field) => person.isInText(event[field] ?? ''))
    ? withoutTexts(event)
    : { ...event };
  const renamed = (name: string) => (person.isCalled(name) ? rename(name) : name);
  for (const field of names) {
    const name = left[field];
    if (name !== undefined) left[field] = renamed(name);
  }
  const { identity, reference } = event;
  // That of a suspension begins with whom it is about.
  if (identity !== undefined && left.identity !== undefined && reference.startsWith(`${identity} `)) {
    left.reference = `${left.identity}${reference.slice(identity.length)}`;
  }
  if (left.recipients) left.recipients = left.recipients.map(renamed);
  return left;
}
