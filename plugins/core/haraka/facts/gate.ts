import { authorFields, authorsMark } from '../../message/author-fields.ts';
import type { ProvenanceRecord } from '../../provenance/record.ts';
import { skip } from '../../verdict.ts';
import type { StageOfHaraka } from '../checks/stages.ts';
import { keepRecord } from '../kept-record.ts';
import { whenEnded, type MessageEnd } from '../message-end.ts';
import { judge } from '../outcome.ts';
import { octetsOf } from '../patches/message-size.ts';
import { tlsOptionOf } from '../require-tls.ts';
import { loginOf, madeInSession } from '../session.ts';
import { sessionRecord } from '../session-record.ts';
import type { Clearance, Judgeable, TransactionRecord } from '../transaction.ts';
import type { Connection, Transaction } from '../types.ts';
import { mailFacts, type Lasting, type MailFacts } from './envelope.ts';
import { recipientsOf, standingOf, type Recipients } from './message.ts';
import { onceIn, openRecord, openTransaction, type Source } from './source.ts';

export type { Clearance };

/** What the gate asks of a message: that a check has cleared it, or what it stands for. */
export interface Demand {
  readonly check: string;
  readonly clears: NonNullable<StageOfHaraka['clears']>;
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

export function gateFacts(source: Source): GateFacts {
  const record = openRecord(source);
  const transaction = openTransaction(source);
  const messageId = messageIdOf(transaction);
  return {
    clearances: clearancesOf(source.connection, record),
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

/** Of the message, of the session, and of its login. */
function clearancesOf(
  connection: Connection,
  { clearances }: TransactionRecord,
): ReadonlyMap<string, Clearance> {
  const session = sessionRecord(connection).clearances;
  const login = loginOf(connection)?.clearances;
  if (session.size === 0 && !login?.size) return clearances;
  return new Map([...session, ...(login ?? []), ...clearances]);
}
