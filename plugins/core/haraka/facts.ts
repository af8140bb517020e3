import type { Identity } from '../identity.ts';
import { parseMailbox, type Mailbox } from '../mailbox.ts';
import { authorFields, authorsMark, sameAuthors, withAuthors } from '../message/author-fields.ts';
import type { ProvenanceRecord } from '../provenance/record.ts';
import type { Policy } from '../settings/settings.ts';
import type { ClientChain } from '../certificate/chain.ts';
import { skip } from '../verdict.ts';
import { clientChain } from './client-certificate.ts';
import { keepRecord } from './kept-record.ts';
import { whenEnded, type MessageEnd } from './message-end.ts';
import { judge } from './outcome.ts';
import { authorsAsCame, headerLinesSeen } from './patches/header-lines.ts';
import { octetsOf } from './patches/message-size.ts';
import { strayOctetIn } from './patches/stray-octets.ts';
import { publisherFor, type Publication } from './publication.ts';
import { requireTlsIn, tlsOptionOf, type RequireTlsParameter } from './require-tls.ts';
import { loginOf, madeInSession, sessionFacts, type SessionFacts, type SessionLogin } from './session.ts';
import { presume, proveTenant, provisionalIn, type Tenancy } from './tenancy.ts';
import { transactionRecord, type Clearance, type Judgeable, type TransactionRecord } from './transaction.ts';
import type { Address, Connection, Plugin, Transaction } from './types.ts';

/** An address of the envelope. `mailbox` is absent for the null reverse-path and for what is no mailbox. */
export interface EnvelopeAddress {
  readonly text: string;
  readonly isNull: boolean;
  readonly mailbox?: Mailbox;
}

/** What is known before the envelope is. */
export interface ConnectionFacts extends SessionFacts {
  /** The certificate that the client has shown; nobody has looked at it. */
  readonly certificate: () => ClientChain | undefined;
}

export interface MailFacts extends SessionFacts {
  readonly sender: EnvelopeAddress;
  /** What `make` gave when a check of this transaction asked for it by this name first. */
  readonly once: <T>(name: string, make: () => T) => T;
  /** What this host calls itself, in its greeting and in header fields. */
  readonly receiver: string;
  /** Tells readers of the message and other plugins, as long as the transaction lasts. Never throws, whatever `make` does. */
  readonly publish: (make: () => Publication) => void;
}

/** What outlives a transaction. */
interface Lasting {
  /** As `once`, for the whole connection. */
  readonly onceInSession: MailFacts['once'];
}

/** What the client says with MAIL. */
export interface CommandFacts extends MailFacts, ConnectionFacts, Lasting {
  /** Octets that the message will have (RFC 1870 §6); absent where the client does not say. */
  readonly size?: number;
  /** Where somebody has logged in. */
  readonly login?: SessionLogin;
  /** Whether it has said EHLO, and not HELO. */
  readonly isExtended: boolean;
  readonly requireTls: RequireTlsParameter;
  /** Notes that the message needs TLS on its way (RFC 8689 §4.1). */
  readonly keepToTls: () => void;
  /** Notes, until the message ends, for whom the client may speak. */
  readonly presume: (tenancy: Tenancy) => void;
}

export interface RcptFacts extends MailFacts, Lasting {
  readonly recipient: EnvelopeAddress;
  /** How many recipients the message has with this one. */
  readonly count: number;
}

/** Domains (`d=`, RFC 6376 §3.5) of signatures, as haraka-plugin-dkim found them; none where it does not run. */
export interface DkimFacts {
  readonly good: readonly string[];
  /** Of those that could not be checked now. */
  readonly unknown: readonly string[];
}

/** Whom a message is for. */
export interface Recipients {
  readonly recipients: readonly EnvelopeAddress[];
  /** How many were accepted although nobody took them for local: these must be relayed to, or the message refused. */
  readonly provisional: number;
}

export interface MessageFacts extends MailFacts, ConnectionFacts, Recipients {
  /**
   * Header lines of the client as they came, continuation lines by themselves, dot-unstuffed, each ending in LF; where another
   * plugin has changed From or Sender, these as they would leave.
   */
  readonly headerLines: readonly string[];
  /** False when Haraka stopped to keep header lines (`connection.ini`, `[headers] max_lines`). */
  readonly isHeaderWhole: boolean;
  /** The first octet of the message, body included, that RFC 5321 §2.3.8 has nowhere, and its line, in words. */
  readonly strayOctet?: string;
  /** Whether the client said SMTPUTF8 with MAIL (RFC 6531 §3.4). */
  readonly isSmtpUtf8: boolean;
  readonly dkim: DkimFacts;
  /** Has the message be that of a tenant; throws where its client may not speak for one. */
  readonly proveTenant: (identity: Identity) => void;
}

/** What the gate looks at: the proofs, and what Haraka would do with the message. */
export interface GateFacts extends MailFacts, Lasting, Recipients {
  readonly clearances: ReadonlyMap<string, Clearance>;
  /** What checks have looked at, as it is now. */
  readonly standing: Readonly<Record<Judgeable, string>>;
  /** By which From and Sender are known again when the message leaves. */
  readonly authorsMark: string;
  /** Haraka would relay it, whoever asked for that. */
  readonly relaying: boolean;
  readonly revision: string;
  /** Of the transaction. */
  readonly id: string;
  /** Octets of the message (RFC 1870 §3). */
  readonly bytes: number;
  /** Tells once what becomes of the message. */
  readonly whenEnded: (hear: (end: MessageEnd) => void) => void;
  /** An event of its own and a line in the log, beside the verdict: nothing is refused. */
  readonly tell: (check: string, what: string) => void;
  /** The first Message-ID field that Haraka can read; absent where there is none, or one of a thousand characters. */
  readonly messageId?: string;
  /** What its sender wants of TLS on the way: by MAIL, or else by the header as it would leave (RFC 8689 §4.1). */
  readonly tlsOption: () => ProvenanceRecord['tls_option'];
  /** Sends a record along with the message, in place of what others have written there; throws where that fails. */
  readonly keepRecord: (record: ProvenanceRecord) => void;
}

/** The facts of each stage. */
export interface Facts {
  readonly session: ConnectionFacts;
  readonly mail: CommandFacts;
  readonly rcpt: RcptFacts;
  readonly unclaimed: RcptFacts;
  readonly message: MessageFacts;
  readonly accept: GateFacts;
  readonly queue: GateFacts;
  readonly outbound: GateFacts;
}

export type Stage = keyof Facts;

/** Where facts come from: Haraka's objects at one moment. */
export interface Source {
  readonly plugin: Plugin;
  readonly connection: Connection;
  readonly params: readonly unknown[];
  readonly policy: Policy;
}

/**
 * Collects the facts of a stage; throws when Haraka's state does not hold them. Below, what is spread stands last: V8 takes
 * microseconds for it in front of other properties, and this is done for each check of each message.
 */
export function gatherFacts<S extends Stage>(stage: S, source: Source): Facts[S] {
  return gatherers[stage](source);
}

const gatherers: { [S in Stage]: (source: Source) => Facts[S] } = {
  session: connectionFacts,
  mail: commandFacts,
  rcpt: rcptFacts,
  unclaimed: rcptFacts,
  message: messageFacts,
  accept: gateFacts,
  queue: gateFacts,
  outbound: gateFacts,
};

function connectionFacts({ connection, policy }: Source): ConnectionFacts {
  return { certificate: () => clientChain(connection), ...sessionFacts(connection, policy) };
}

function mailFacts(source: Source): MailFacts {
  const { plugin, connection, policy } = source;
  const transaction = openTransaction(source);
  const { mail_from: sender } = transaction;
  if (!sender) throw new Error('the transaction has no sender');
  return {
    sender: envelopeAddress(sender),
    once: onceIn(openRecord(source).made),
    receiver: connection.local.host,
    publish: publisherFor(plugin, connection, transaction),
    ...sessionFacts(connection, policy),
  };
}

function commandFacts(source: Source): CommandFacts {
  const size = sizeIn(source.params[1]);
  const { connection } = source;
  const login = loginOf(connection);
  return {
    onceInSession: onceIn(madeInSession(connection)),
    certificate: () => clientChain(connection),
    presume: (tenancy) => presume(connection, tenancy),
    isExtended: connection.hello.verb === 'EHLO',
    requireTls: requireTlsIn(source.params[1], connection.current_line),
    keepToTls: () => {
      openRecord(source).needsTls = true;
    },
    ...(size !== undefined && { size }),
    ...(login && { login }),
    ...mailFacts(source),
  };
}

function sizeIn(parameters: unknown): number | undefined {
  const size = Number((parameters as { SIZE?: unknown } | undefined)?.SIZE);
  return Number.isSafeInteger(size) && size > 0 ? size : undefined;
}

function rcptFacts(source: Source): RcptFacts {
  return {
    recipient: envelopeAddress(source.params[0] as Address),
    // Haraka adds a recipient first, and takes it out again when it is refused.
    count: openTransaction(source).rcpt_to.length,
    onceInSession: onceIn(madeInSession(source.connection)),
    ...mailFacts(source),
  };
}

function messageFacts(source: Source): MessageFacts {
  const transaction = openTransaction(source);
  // Haraka's own default where connection.ini does not name it.
  const limit = source.plugin.haraka_require('connection').cfg.headers.max_lines ?? 1000;
  return {
    headerLines: linesToJudge(transaction).map(utf8In(transaction)),
    certificate: () => clientChain(source.connection),
    isHeaderWhole: headerLinesSeen(transaction) < limit,
    ...strayIn(transaction),
    isSmtpUtf8: openRecord(source).isSmtpUtf8 ?? false,
    dkim: { good: signersOf(transaction, 'pass'), unknown: signersOf(transaction, 'tempfail') },
    ...recipientsOf(transaction),
    proveTenant: (identity) => proveTenant(source.connection, identity),
    ...mailFacts(source),
  };
}

function recipientsOf(transaction: Transaction): Recipients {
  return {
    recipients: transaction.rcpt_to.map(envelopeAddress),
    provisional: provisionalIn(transaction),
  };
}

function strayIn(transaction: Transaction): Pick<MessageFacts, 'strayOctet'> {
  const stray = strayOctetIn(transaction);
  return stray === undefined ? {} : { strayOctet: stray };
}

/** Haraka's own Received stands first, as one entry of several lines; what the client sent has one line each. */
function linesToJudge(transaction: Transaction): readonly string[] {
  const lines = transaction.header_lines.filter((entry) => !/\n[^]/.test(entry));
  const authors = authorFields(transaction.message_stream.headers);
  return sameAuthors(authors, authorsAsCame(transaction)) ? lines : withAuthors(lines, authors);
}

/** What checks look at and other plugins can change, as it is now. */
export function standingOf({
  mail_from: sender,
  message_stream: message,
}: Transaction): Readonly<Record<Judgeable, string>> {
  return {
    sender: sender?.format() ?? '',
    authors: authorFields(message.headers).join(''),
  };
}

/** After HELO, not EHLO, Haraka keeps each octet as a character; whoever reads the message later reads UTF-8. */
function utf8In({ encoding }: Transaction): (line: string) => string {
  return (line) => (encoding === 'binary' ? Buffer.from(line, 'latin1').toString('utf8') : line);
}

function gateFacts(source: Source): GateFacts {
  const record = openRecord(source);
  const transaction = openTransaction(source);
  const messageId = messageIdOf(transaction);
  return {
    clearances: record.clearances,
    standing: standingOf(transaction),
    authorsMark: authorsMark(authorFields(transaction.message_stream.headers)),
    ...recipientsOf(transaction),
    relaying: source.connection.relaying,
    revision: record.settings.revision,
    id: transaction.uuid,
    bytes: octetsOf(transaction),
    onceInSession: onceIn(madeInSession(source.connection)),
    whenEnded: (hear) => whenEnded(transaction, hear),
    tell: teller(source, transaction, record),
    tlsOption: () => tlsOptionOf(transaction, record),
    keepRecord: (provenance) => keepRecord(transaction, provenance),
    ...mailFacts(source),
    ...(messageId !== undefined && { messageId }),
  };
}

function teller({ plugin, connection }: Source, transaction: Transaction, record: TransactionRecord) {
  const started = performance.now();
  const { settings } = record;
  return (name: string, what: string) => {
    plugin.logwarn(connection, `${name}: ${what}`);
    judge({ check: { name }, plugin, connection, transaction, verdict: skip(what), started, settings });
  };
}

/** RFC 5322 §2.1.1: no line is longer than 998. */
const longestMessageId = 998;

function messageIdOf({ header }: Transaction): string | undefined {
  const id = header.headers['message-id']?.[0]?.trim() ?? '';
  return id !== '' && id.length <= longestMessageId ? id : undefined;
}

function openTransaction({ connection }: Source): Transaction {
  if (!connection.transaction) throw new Error('there is no transaction');
  return connection.transaction;
}

function openRecord({ connection }: Source): TransactionRecord {
  const record = transactionRecord(connection);
  if (!record) throw new Error('there is no transaction');
  return record;
}

function onceIn(made: Map<string, unknown>): MailFacts['once'] {
  return <T>(name: string, make: () => T): T => {
    if (!made.has(name)) made.set(name, make());
    return made.get(name) as T;
  };
}

/** As haraka-plugin-dkim notes them, one for each signature. */
function signersOf({ notes }: Transaction, wanted: 'pass' | 'tempfail'): string[] {
  const results = notes['dkim_results'];
  if (!Array.isArray(results)) return [];
  return (results as { result?: unknown; domain?: unknown }[]).flatMap(({ result, domain }) =>
    result === wanted && typeof domain === 'string' ? [domain.toLowerCase()] : [],
  );
}

const read = new WeakMap<Address, EnvelopeAddress>();

/** An address of the envelope as it is now: other plugins may rewrite it. */
export function envelopeAddress(address: Address): EnvelopeAddress {
  const text = address.format().slice(1, -1);
  const known = read.get(address);
  if (known?.text === text) return known;
  const mailbox = address.isNull() ? undefined : parseMailbox(text);
  const found = { text, isNull: address.isNull(), ...(mailbox && { mailbox }) };
  read.set(address, found);
  return found;
}
