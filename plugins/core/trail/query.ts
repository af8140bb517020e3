import { isAddress } from '../network.ts';
import { mailboxKey } from '../mailbox.ts';
import { loginHashForm } from '../login-hash.ts';
import { baseId } from '../provenance/judge.ts';
import type { EventFields } from './fields.ts';

/** What somebody has in hand of a message. */
export type Kind = 'message-id' | 'queue-id' | 'hash' | 'client' | 'address' | 'account';

/** Asks of an event, or of a file in the queue, whether it is about a message that is looked for. */
export interface Query {
  readonly kind: Kind;
  readonly text: string;
  matches(event: EventFields): boolean;
}

const queueId = /^[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}(?:\.\d+){0,2}$/i;

/** What a text is: a Message-ID has its brackets, as in a header. */
export function kindOf(text: string): Kind {
  if (/^<.*>$/s.test(text)) return 'message-id';
  if (queueId.test(text)) return 'queue-id';
  if (loginHashForm.test(text)) return 'hash';
  if (isAddress(text)) return 'client';
  return text.includes('@') ? 'address' : 'account';
}

/** `hashOf` makes the hash of an account: it is asked only where the text is one. */
export function queryFor(text: string, hashOf: (id: string) => string): Query {
  const kind = kindOf(text);
  const makers: Readonly<Record<Kind, () => (event: EventFields) => boolean>> = {
    'message-id': () => isOfMessageId(text),
    'queue-id': () => isOfQueueId(text),
    hash: () => isOfHash(text.toLowerCase(), hashOf),
    client: () => isOfClient(text.toLowerCase()),
    address: () => isOfAddress(text),
    account: () => isOfAccount(text),
  };
  return { kind, text, matches: makers[kind]() };
}

/** The id of the message that an event is about, without that of a piece; `undefined` where it is about none. */
export function messageIn(event: EventFields): string | undefined {
  const { check, reference, queue_id: id } = event;
  const [word = ''] = typeof reference === 'string' ? reference.split(' ', 1) : [];
  const isPiece = check === 'outbound/delivery' || check === 'outbound/provenance';
  const whole = typeof id === 'string' ? id : word;
  if (isPiece) return baseId(whole) ?? whole;
  return typeof id === 'string' || baseId(whole) !== undefined ? whole : undefined;
}

/** Where the client gave none, Haraka makes it of the queue id. */
function isOfMessageId(text: string): Query['matches'] {
  const [, inner = ''] = /^<([^@]*)@/.exec(text) ?? [];
  const isOurs = queueId.test(inner) ? isOfQueueId(inner) : () => false;
  return (event) => event['message_id'] === text || isOurs(event);
}

/** Of a message, of a piece of it, or of the connection by which it came. */
function isOfQueueId(text: string): Query['matches'] {
  const wanted = text.toUpperCase();
  return (event) => {
    const id = messageIn(event)?.toUpperCase();
    return id !== undefined && (id === wanted || id === baseId(wanted) || id.startsWith(`${wanted}.`));
  };
}

function isOfHash(hash: string, hashOf: (id: string) => string): Query['matches'] {
  const known = new Map<string, boolean>();
  return ({ identity_id: id, queue_id: queued }) => {
    if (typeof id !== 'string' || queued === undefined) return false;
    const answer = known.get(id) ?? hashOf(id) === hash;
    if (known.size < mostKnown) known.set(id, answer);
    return answer;
  };
}

const mostKnown = 100_000;

/** Which brought it, or was refused while it did. */
function isOfClient(text: string): Query['matches'] {
  return ({ client }) => typeof client === 'string' && client.toLowerCase() === text;
}

/** As sender, recipient or account; a Message-ID may have lost its brackets. */
function isOfAddress(text: string): Query['matches'] {
  const key = mailboxKey(text);
  const isIt = (value: unknown) => typeof value === 'string' && mailboxKey(value) === key;
  const isAccount = isOfAccount(text);
  return (event) => {
    const { queue_id: id, sender, recipients, message_id: messageId } = event;
    if (id === undefined) return false;
    const isRecipient = Array.isArray(recipients) && recipients.some(isIt);
    return isIt(sender) || isRecipient || messageId === `<${text}>` || isAccount(event);
  };
}

function isOfAccount(text: string): Query['matches'] {
  const wanted = text.toLowerCase();
  const isIt = (value: unknown) => typeof value === 'string' && value.toLowerCase() === wanted;
  return ({ queue_id: id, identity, identity_id: stable }) =>
    id !== undefined && (isIt(identity) || isIt(stable));
}
