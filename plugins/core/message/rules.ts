import type { Identity } from '../identity.ts';
import { formatMailbox, sameMailbox, type Mailbox } from '../mailbox.ts';
import type { Claims } from './claims.ts';
import { shownBeside } from './display.ts';
import type { NamedMailbox } from './mailbox-list.ts';
import type { PermanentReason } from '../replies.ts';
import { isLocal, matchesPattern, ownRight, rightsTo, type Pair, type Place, type Right } from '../rights.ts';
import type { Policy } from '../settings/settings.ts';

/** A message with what it claims, and whose it is. */
export interface Mail {
  readonly claims: Claims;
  /** Absent for the null reverse-path, and for what is no mailbox. */
  readonly envelope: Mailbox | undefined;
  readonly identity: Identity;
  readonly policy: Policy;
}

/** What speaks against a message; `detail` is the offending value. */
export interface Fault {
  readonly reason: PermanentReason;
  readonly detail: string;
}

type Rule = (mail: Mail) => Fault | undefined;

/** In the order in which they are answered. */
const rules: readonly Rule[] = [authorsAreOwned, senderIsOwned, resentIsOwned, senderIsNamed, displayIsOwned];

/** The first of the rules that a message breaks. */
export function faultOf(mail: Mail): Fault | undefined {
  for (const rule of rules) {
    const fault = rule(mail);
    if (fault) return fault;
  }
  return undefined;
}

/** Whether a mailbox may stand in a place of this message. */
export function mayStand(mailbox: Mailbox, place: Place, mail: Mail): boolean {
  return rightsTo(mailbox, place, mail.identity, mail.policy).some((right) => holds(right, mail));
}

/** Every address of From is one that the identity may write. */
function authorsAreOwned(mail: Mail): Fault | undefined {
  return notOwned('From', 'from', mail.claims.from, mail);
}

/** So is that of Sender. */
function senderIsOwned(mail: Mail): Fault | undefined {
  const { sender } = mail.claims;
  return sender && notOwned('Sender', 'sender', [sender], mail);
}

/** So are those of who sent it again, the last time at least as an address of its own. */
function resentIsOwned(mail: Mail): Fault | undefined {
  for (const { from = [], sender } of mail.claims.resent) {
    const fault =
      notOwned('Resent-From', 'resent', from, mail) ??
      (sender && notOwned('Resent-Sender', 'resent', [sender], mail));
    if (fault) return fault;
  }
  return undefined;
}

/** RFC 5322 §3.6.2: who has several authors says which of them sent it. What others have written stays as it is. */
function senderIsNamed(mail: Mail): Fault | undefined {
  const { from, sender } = mail.claims;
  const isOfItself = from.some(({ mailbox }) => isOwn(mailbox, mail));
  if (from.length === 1 || sender || !isOfItself) return undefined;
  return { reason: 'header-malformed', detail: 'several authors need a Sender (RFC 5322 §3.6.2)' };
}

/** No name shows an address of ours that may not stand there itself, however it is encoded. */
function displayIsOwned(mail: Mail): Fault | undefined {
  for (const author of namedIn(mail.claims)) {
    const fault = faultInDisplay(author, mail);
    if (fault) return fault;
  }
  return undefined;
}

function faultInDisplay(author: NamedMailbox, mail: Mail): Fault | undefined {
  const { identity, policy } = mail;
  const { readings, mentions, doubt } = shownBeside(author);
  if (readings.some((reading) => /[\0\r\n]/.test(reading)))
    return { reason: 'header-malformed', detail: 'a name holds NUL, CR or LF' };
  const other = mentions.find(
    ({ mailbox, domain }) =>
      isLocal({ domain }, identity, policy) && !(mailbox && mayStand(mailbox, 'from', mail)),
  );
  if (other) return { reason: 'display-not-owned', detail: other.text };
  return doubt !== undefined && isOfItself(author, mail)
    ? { reason: 'header-malformed', detail: `a name ${doubt}` }
    : undefined;
}

/** How others have encoded their names is not for us to say. */
function isOfItself({ mailbox }: NamedMailbox, mail: Mail): boolean {
  return isOwn(mailbox, mail) || mail.identity.onBehalf.some((each) => sameMailbox(each, mailbox));
}

/** Everybody who stands in the fields that say who wrote or sent a message. */
export function namedIn({ from, sender, resent }: Claims): readonly NamedMailbox[] {
  const again = resent.flatMap((each) => [...(each.from ?? []), ...(each.sender ? [each.sender] : [])]);
  return [...from, ...(sender ? [sender] : []), ...again];
}

function notOwned(
  field: string,
  place: Place,
  mailboxes: readonly NamedMailbox[],
  mail: Mail,
): Fault | undefined {
  const refused = mailboxes.find(({ mailbox }) => !mayStand(mailbox, place, mail));
  if (!refused) return undefined;
  const [right] = rightsTo(refused.mailbox, place, mail.identity, mail.policy);
  const missing = right ? `: ${needs[right.rule] ?? ''}` : '';
  return { reason: 'header-not-owned', detail: `${formatMailbox(refused.mailbox)} in ${field}${missing}` };
}

/** What a right would have needed. */
const needs: Partial<Record<Right['rule'], string>> = {
  pair: 'MAIL FROM is of another pair',
  'on-behalf': 'on behalf, it needs a Sender of its own',
  list: 'of a list, it needs List-Id, and a Sender or MAIL FROM of its own',
  resend: 'sent again, it needs a Resent-From of its own',
};

/** Whether a message is as a right wants it. That what is forwarded is real, sender/forward decides. */
function holds(right: Right, mail: Mail): boolean {
  return conditions[right.rule]?.(mail, right) ?? true;
}

const conditions: Partial<Record<Right['rule'], (mail: Mail, right: Right) => boolean>> = {
  pair: ({ envelope, policy }, { pair }) => pair !== undefined && isPaired(envelope, pair, policy),
  'on-behalf': hasOwnSender,
  list: (mail) => mail.claims.isOfList && (hasOwnSender(mail) || isOwn(mail.envelope, mail)),
  resend: isSentAgain,
};

function isPaired(envelope: Mailbox | undefined, pair: Pair, policy: Mail['policy']): boolean {
  if (!envelope || !pair.envelope) return !envelope && !pair.envelope;
  return matchesPattern(envelope, pair.envelope, policy);
}

function hasOwnSender(mail: Mail): boolean {
  return isOwn(mail.claims.sender?.mailbox, mail);
}

function isSentAgain(mail: Mail): boolean {
  const [last] = mail.claims.resent;
  return last?.from?.every(({ mailbox }) => isOwn(mailbox, mail)) ?? false;
}

function isOwn(mailbox: Mailbox | undefined, { identity, policy }: Mail): boolean {
  return mailbox !== undefined && ownRight(mailbox, identity, policy) !== undefined;
}
