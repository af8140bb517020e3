import type { GatekeeperEvent } from './event.ts';
import { mailboxKey } from '../mailbox.ts';
import { isAdverse } from './fields.ts';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f-])/i;

/** Whether a text stands for a name that nobody is to read (`pseudonym`). */
export function isPseudonym(text: string): boolean {
  return /^~[\w-]{16}$/.test(text);
}

/**
 * As which a text is looked for: in small letters, without the brackets of a Message-ID, of a queue id the connection that it
 * came by, and of an address beyond US-ASCII the form that all of its spellings have.
 */
export function termOf(text: string): string {
  if (isPseudonym(text)) return text;
  const inner = text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text;
  const [connection] = uuid.exec(inner) ?? [];
  if (connection !== undefined) return connection.toLowerCase();
  return (isPlain.test(inner) ? inner : mailboxKey(inner)).toLowerCase();
}

const isPlain = /^[!#-~]*$/;

/** Kinds of which only what speaks against somebody can be found: whatever passes there says nothing of its own. */
const quietKinds: ReadonlySet<string> = new Set(['connection', 'tls', 'sender', 'check', 'limit']);

/** What an event can be found by. */
export function termsOf(event: GatekeeperEvent): string[] {
  return [...new Set([...textsOf(event)].map(termOf))];
}

/** The same as it stands in the event: several texts may be one term. It is asked of each event. */
export function textsOf(event: GatekeeperEvent): readonly string[] {
  if (quietKinds.has(event.kind) && !isAdverse(event)) return nothing;
  const { connection, queue_id: queueId, bounce_of: bounceOf, message_id: messageId, sender } = event;
  const { identity, identity_id: identityId, login, client, recipients = nothing } = event;
  const texts = [uuid.exec(event.reference)?.[0], connection, queueId, bounceOf, messageId, sender];
  return [...texts, identity, identityId, login, client, ...recipients].filter(isSaid);
}

const nothing: readonly string[] = [];

function isSaid(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
