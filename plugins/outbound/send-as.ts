import { randomUUID } from 'node:crypto';
import constants from 'haraka-constants';
import { syncShared } from '../core/durable.ts';
import { isWorker } from '../core/haraka/instance.ts';
import { keepRecord } from '../core/haraka/kept-record.ts';
import { onNewTransaction } from '../core/haraka/patches/new-transactions.ts';
import { answerSendAs, NotSent, type Mail, type Sent } from '../core/haraka/send-as.ts';
import { recordSending, type Sending } from '../core/haraka/sending.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import { suspensionsOf } from '../core/haraka/suspensions.ts';
import type { Plugin } from '../core/haraka/types.ts';
import { formatMailbox, parseMailbox, type Mailbox } from '../core/mailbox.ts';
import { authorFields, authorsMark, headerIn } from '../core/message/author-fields.ts';
import { readClaims } from '../core/message/claims.ts';
import { faultOf } from '../core/message/rules.ts';
import { saysTlsNotRequired } from '../core/message/tls-required.ts';
import type { ProvenanceRecord } from '../core/provenance/record.ts';
import { internalSenderNamed } from '../core/registrations.ts';
import { classOf } from '../core/replies.ts';
import { ownRight } from '../core/rights.ts';
import { modeInForce } from '../core/settings/mode.ts';
import type { Identity } from '../core/identity.ts';
import type { Policy, Settings } from '../core/settings/settings.ts';
import { ownFault, pass, refuse, type Verdict } from '../core/verdict.ts';
import type { Counter } from './limits/counter.ts';
import { queueFault } from './queue.ts';
import { suspended } from './suspended.ts';

/** Fewer than Haraka keeps: beyond that it loses lines. */
const mostHeaderLines = 500;

/** A message that was read, ready to be judged. */
export interface Letter {
  readonly from: Mailbox | undefined;
  readonly to: readonly Mailbox[];
  readonly header: readonly string[];
  /** With CRLF, and a Message-ID. */
  readonly text: string;
}

/** Sends for plugins that are registered: there is no client to ask, but all else is asked as it is of one. */
export function sendForInternal(plugin: Plugin, counter: Counter): void {
  answerSendAs(async (name, mail) => {
    const settings = currentSettings();
    const sending: Sending = { plugin, name, settings, from: mail.from, started: performance.now() };
    const attempt = new Attempt(sending, counter);
    const outcome = await attempt.make(mail).catch(ownFault);
    if ('queueId' in outcome) return outcome;
    throw notSent(outcome, recordSending({ ...sending, verdict: outcome }));
  });
}

function notSent(verdict: Verdict, reference: string): NotSent {
  const reason = 'reason' in verdict ? verdict.reason : 'own-fault';
  const detail =
    verdict.kind === 'refuse' ? (verdict.detail ?? '') : 'because' in verdict ? verdict.because : '';
  return new NotSent(`${reason}: ${detail} (${reference})`, {
    reason,
    isTemporary: classOf(reason) === '4',
  });
}

class Attempt {
  readonly #sending: Sending;
  readonly #counter: Counter;
  readonly #heard: ((end: 'queued' | 'not-queued') => void)[] = [];

  constructor(sending: Sending, counter: Counter) {
    this.#sending = sending;
    this.#counter = counter;
  }

  async make(mail: Mail): Promise<Sent | Verdict> {
    const { plugin, name, settings } = this.#sending;
    if (!isWorker() && plugin.haraka_require('server').cluster) return ownFault('only workers send mail');
    const identity = internalSenderNamed(name, settings.policy, new Date());
    if (typeof identity === 'string') return refuse('auth-required', identity);
    const letter = readLetter(mail);
    if ('kind' in letter) return letter;
    const verdict = decideLetter(letter, identity, settings.policy);
    if (verdict.kind !== 'pass') return verdict;
    if (suspensionsOf(settings.policy).isSuspended(identity.id)) return suspended(identity);
    const counted = await this.#count(letter, identity, settings.policy);
    if (counted.kind !== 'pass' && counted.kind !== 'skip') return counted;
    return this.#queue(letter, identity);
  }

  async #count(letter: Letter, identity: Identity, policy: Policy): Promise<Verdict> {
    const mode = modeInForce(policy.limits.mode, policy);
    if (mode === 'off') return pass;
    const { plugin } = this.#sending;
    const verdict = await this.#counter.limits(
      {
        identity,
        bytes: Buffer.byteLength(letter.text),
        recipients: letter.to.map((mailbox) => ({ text: formatMailbox(mailbox), isNull: false, mailbox })),
        revision: this.#sending.settings.revision,
        once: (_name, make) => make(),
        onceInSession: (_name, make) => make(),
        whenEnded: (hear) => this.#heard.push(hear),
        tell: (check, what) => {
          plugin.logwarn(`${check}: ${identity.name}: ${what}`);
        },
      },
      policy,
    );
    if (mode === 'enforce' || verdict.kind === 'pass' || verdict.kind === 'skip') return verdict;
    plugin.logwarn(`would refuse ${identity.name}: ${verdict.reason}`);
    return pass;
  }

  async #queue(letter: Letter, identity: Identity): Promise<Sent | Verdict> {
    const queued = await enqueue(this.#sending, letter, identity);
    const isQueued = 'record' in queued;
    for (const hear of this.#heard) hear(isQueued ? 'queued' : 'not-queued');
    if (!isQueued) return queued;
    const bytes = Buffer.byteLength(letter.text);
    recordSending({ ...this.#sending, identity, verdict: pass, record: queued.record, bytes });
    return { queueId: queued.record.id };
  }
}

/** Haraka makes the transaction at once: that is the one which the record belongs to. */
function enqueue(
  { plugin, settings }: Sending,
  letter: Letter,
  identity: Identity,
): Promise<{ readonly record: ProvenanceRecord } | Verdict> {
  return new Promise((resolve) => {
    let record: ProvenanceRecord | undefined;
    const fault = (why: unknown) => void queueFault(plugin, why).then(resolve);
    const undo = onNewTransaction((transaction) => {
      record = recordOf(transaction.uuid, letter, identity, settings);
      keepRecord(transaction, record);
    });
    try {
      const { from, to, text } = letter;
      const done = (code: number, why?: unknown) => {
        const kept = record;
        if (code !== constants.ok || !kept) fault(why);
        else
          syncShared(plugin.haraka_require('outbound/queue').queue_dir).then(
            () => resolve({ record: kept }),
            fault,
          );
      };
      plugin.haraka_require('outbound').send_email(inBrackets(from), to.map(inBrackets), text, done);
    } catch (error) {
      fault(error);
    } finally {
      undo();
    }
  });
}

function inBrackets(mailbox: Mailbox | undefined): string {
  return `<${mailbox ? formatMailbox(mailbox) : ''}>`;
}

function recordOf(id: string, letter: Letter, identity: Identity, { revision }: Settings): ProvenanceRecord {
  const { from, to, header } = letter;
  const { proof, name } = identity;
  return {
    ...{ v: 1, id, origin: { kind: 'identity', proof, id: identity.id, name } },
    message_id: messageIdIn(header) ?? '',
    sender: from ? formatMailbox(from) : '',
    recipients: to.map(formatMailbox),
    authors: authorsMark(authorFields(header)),
    ...(saysTlsNotRequired(header) && { tls_option: 'no' }),
    time: new Date().toISOString(),
    revision,
  };
}

const messageId = /^message-id:\s*(\S+)\s*$/i;

function messageIdIn(header: readonly string[]): string | undefined {
  return header.map((field) => messageId.exec(field)?.[1]).find((found) => found !== undefined);
}

/** Reads what a plugin hands over, which may be anything; a refusal where it cannot be sent. */
export function readLetter({ from, to, message }: Mail): Letter | Verdict {
  const malformed = (what: string) => refuse('header-malformed', what);
  const sender = from === '' ? undefined : parseMailbox(from);
  if (from !== '' && !sender) return refuse('sender-not-owned', from);
  const mailboxes = to.map(parseMailbox);
  const recipients = mailboxes.filter((mailbox) => mailbox !== undefined);
  if (recipients.length < to.length) return malformed('a recipient is no address');
  if (recipients.length === 0) return malformed('there is no recipient');
  // RFC 5321 §2.3.8, and what Haraka would take for the end of the message or the header.
  if (/\r(?!\n)|\0/.test(message)) return malformed('a bare CR or a NUL');
  const lines = `${message.replace(/\r?\n/g, '\r\n').replace(/\r\n$/, '')}\r\n`;
  const written = headerIn(lines);
  if (!written) return malformed('no empty line after the header');
  const isNamed = messageIdIn(written) !== undefined;
  const text = isNamed ? lines : `Message-ID: <${randomUUID()}@${domainOf(sender)}>\r\n${lines}`;
  return { from: sender, to: recipients, header: headerIn(text) ?? [], text };
}

function domainOf(sender: Mailbox | undefined): string {
  return sender?.domain ?? 'gatekeeper.invalid';
}

/** The entry owns the envelope sender, unless it is null, and whoever the header names. No mode withholds that. */
export function decideLetter({ from, header }: Letter, identity: Identity, policy: Policy): Verdict {
  if (from && !ownRight(from, identity, policy)) return refuse('sender-not-owned', formatMailbox(from));
  const lines = header.flatMap((field) => field.replace(/\r\n/g, '\n').match(/[^\n]*\n/g) ?? []);
  if (lines.length > mostHeaderLines) return refuse('header-malformed', 'more header lines than are read');
  const claims = readClaims(lines);
  if ('malformed' in claims) return refuse('header-malformed', claims.malformed);
  const fault = faultOf({ claims, envelope: from, identity, policy });
  return fault ? refuse(fault.reason, fault.detail) : pass;
}
