import type { Mailbox } from '../../mailbox.ts';
import type { Role } from '../../words.ts';

/** Facts as checks of others are told them: what is named here stays, all else of ours may change. */

/** An address of the envelope. `mailbox` is absent for the null reverse-path and for what is no mailbox. */
export interface EnvelopeAddress {
  readonly text: string;
  readonly isNull: boolean;
  readonly mailbox?: Mailbox;
}

/** The TLS that a client has negotiated. */
export interface TlsFacts {
  /** As OpenSSL names it: `TLSv1.3`. */
  readonly version: string;
  /** As OpenSSL names it: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** What the client calls the server that it means (RFC 6066 §3); absent where it does not. */
  readonly serverName?: string;
}

/** Who answers for what a client does, or for a message. */
export interface KnownIdentity {
  /**
   * What proved it: a login, a registered address of a host, a registered plugin of this Haraka, or what a provider's servers say
   * of a message.
   */
  readonly proof: 'account' | 'network' | 'internal' | 'tenant';
  /** For people and logs. */
  readonly name: string;
  /** Stable: the distinguished name for LDAP, `NAME:ID` for other directories, `network:NAME`, `internal:NAME`, `tenant:NAME`. */
  readonly id: string;
  /** Mailboxes of its own, as LOCAL@DOMAIN; it may have rights to others. */
  readonly addresses: readonly string[];
  /** Name of the application password that proved it, where it was one. */
  readonly credential?: string;
}

/** What is known of a client before it names an envelope. */
export interface ConnectFacts {
  readonly client: { readonly address: string };
  readonly listener: { readonly port: number; readonly role: Role };
  /** What the client calls itself; empty before it has. */
  readonly helo: string;
  /** Absent in clear. */
  readonly tls?: TlsFacts;
  /** Absent where nobody is known to answer for it. */
  readonly identity?: KnownIdentity;
}

/** A login whose proof is right, of a client that has not been told so yet. */
export interface LoginFacts extends ConnectFacts {
  /** Who it would be from here on. */
  readonly identity: KnownIdentity;
  /** What the client logged in as; absent where a certificate speaks for it without AUTH. */
  readonly login?: string;
  /** PLAIN, SCRAM-SHA-256 and so on (RFC 4422 §3.1); absent likewise. */
  readonly mechanism?: string;
}

/** An envelope as far as MAIL tells of it (RFC 5321 §4.1.1.2). */
export interface SenderFacts extends ConnectFacts {
  readonly sender: EnvelopeAddress;
}

/** One recipient (RFC 5321 §4.1.1.3). */
export interface RecipientFacts extends SenderFacts {
  readonly recipient: EnvelopeAddress;
  /** How many recipients the message has with this one. */
  readonly count: number;
}

/** A message after DATA. */
export interface ContentFacts extends SenderFacts {
  readonly recipients: readonly EnvelopeAddress[];
  /** The header fields, each line ending in LF, without the empty line behind them. */
  readonly header: string;
  /** False where Haraka has not kept all of it: then it is not to be trusted. */
  readonly isHeaderWhole: boolean;
}

/** A message of an identity that is about to be queued. */
export interface OutboundFacts extends ContentFacts {
  /** Queue id, which the client is told, too. */
  readonly id: string;
  /** Octets of the message (RFC 1870 §3). */
  readonly bytes: number;
  /** The first Message-ID field, where there is one. */
  readonly messageId?: string;
}

/** The part of a message for one domain, of an identity, at each try to hand it on. */
export interface DepartingFacts {
  readonly identity: Omit<KnownIdentity, 'addresses' | 'proof'> & { readonly proof: string };
  /** Envelope sender; empty for the null reverse-path. */
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly queueId: string;
  readonly acceptedAt: Date;
  readonly messageId?: string;
}

/** What a check of others is told at each stage. */
export interface ToldFacts {
  readonly connect: ConnectFacts;
  readonly auth: LoginFacts;
  readonly mail: SenderFacts;
  readonly rcpt: RecipientFacts;
  readonly message: ContentFacts;
  readonly outbound: OutboundFacts;
  readonly delivery: DepartingFacts;
}

/** Stages at which others may decide. */
export type ToldStage = keyof ToldFacts;
