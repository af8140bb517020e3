import { presume, type Tenancy } from '../tenancy.ts';
import { publisherFor, type Publication } from '../publication.ts';
import { requireTlsIn, type RequireTlsParameter } from '../require-tls.ts';
import { loginOf, madeInSession, sessionFacts, type SessionFacts, type SessionLogin } from '../session.ts';
import { clientChain } from '../client-certificate.ts';
import type { Address } from '../types.ts';
import { envelopeAddress } from './address.ts';
import type { EnvelopeAddress } from './told.ts';
import type { ConnectionFacts } from './client.ts';
import { onceIn, openRecord, openTransaction, type Once, type Source } from './source.ts';

export interface MailFacts extends SessionFacts {
  readonly sender: EnvelopeAddress;
  /** What `make` gave when a check of this transaction asked for it by this name first. */
  readonly once: Once;
  /** What this host calls itself, in its greeting and in header fields. */
  readonly receiver: string;
  /** Tells readers of the message and other plugins, as long as the transaction lasts. Never throws, whatever `make` does. */
  readonly publish: (make: () => Publication) => void;
}

/** What outlives a transaction. */
export interface Lasting {
  /** As `once`, for the whole connection. */
  readonly onceInSession: Once;
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

export function mailFacts(source: Source): MailFacts {
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

export function commandFacts(source: Source): CommandFacts {
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

export function rcptFacts(source: Source): RcptFacts {
  return {
    recipient: envelopeAddress(source.params[0] as Address),
    // Haraka adds a recipient first, and takes it out again when it is refused.
    count: openTransaction(source).rcpt_to.length,
    onceInSession: onceIn(madeInSession(source.connection)),
    ...mailFacts(source),
  };
}
