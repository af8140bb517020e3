import type { Identity } from '../../identity.ts';
import { authorFields, sameAuthors, withAuthors } from '../../message/author-fields.ts';
import { clientChain } from '../client-certificate.ts';
import { authorsAsCame, headerLinesSeen } from '../patches/header-lines.ts';
import { strayOctetIn } from '../patches/stray-octets.ts';
import { proveTenant, provisionalIn } from '../tenancy.ts';
import type { Judgeable } from '../transaction.ts';
import type { Transaction } from '../types.ts';
import { envelopeAddress } from './address.ts';
import type { EnvelopeAddress } from './told.ts';
import type { ConnectionFacts } from './client.ts';
import { mailFacts, type MailFacts } from './envelope.ts';
import { openRecord, openTransaction, type Source } from './source.ts';

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

export function messageFacts(source: Source): MessageFacts {
  const transaction = openTransaction(source);
  return {
    headerLines: headerLinesOf(transaction),
    certificate: () => clientChain(source.connection),
    isHeaderWhole: isHeaderWhole(source),
    ...strayIn(transaction),
    isSmtpUtf8: openRecord(source).isSmtpUtf8 ?? false,
    dkim: { good: signersOf(transaction, 'pass'), unknown: signersOf(transaction, 'tempfail') },
    ...recipientsOf(transaction),
    proveTenant: (identity) => proveTenant(source.connection, identity),
    ...mailFacts(source),
  };
}

export function recipientsOf(transaction: Transaction): Recipients {
  return {
    recipients: transaction.rcpt_to.map(envelopeAddress),
    provisional: provisionalIn(transaction),
  };
}

function strayIn(transaction: Transaction): Pick<MessageFacts, 'strayOctet'> {
  const stray = strayOctetIn(transaction);
  return stray === undefined ? {} : { strayOctet: stray };
}

/** Those of the client as they came, but From and Sender as they would leave. */
export function headerLinesOf(transaction: Transaction): readonly string[] {
  return linesToJudge(transaction).map(utf8In(transaction));
}

export function isHeaderWhole(source: Source): boolean {
  // Haraka's own default where connection.ini does not name it.
  const limit = source.plugin.haraka_require('connection').cfg.headers.max_lines ?? 1000;
  return headerLinesSeen(openTransaction(source)) < limit;
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

/** As haraka-plugin-dkim notes them, one for each signature. */
function signersOf({ notes }: Transaction, wanted: 'pass' | 'tempfail'): string[] {
  const results = notes['dkim_results'];
  if (!Array.isArray(results)) return [];
  return (results as { result?: unknown; domain?: unknown }[]).flatMap(({ result, domain }) =>
    result === wanted && typeof domain === 'string' ? [domain.toLowerCase()] : [],
  );
}
