// Made of the schema of events by `npm run generate`.

/** One decision of the gateway. Within a version of the format fields are only added, and what is absent does not apply. */
export interface GatekeeperEvent {
  /** Version of this format. */
  readonly v: 1;
  /** When the verdict fell. */
  readonly time: string;
  /** Host that decided. */
  readonly node: string;
  /** Queue or connection id and check: the same text stands in the reply and the log. */
  readonly reference: string;
  /** Connection id of Haraka; this and what follows of the client is absent where a message leaves. */
  readonly connection?: string | undefined;
  /** What it is about; check: a check that is not ours. */
  readonly kind:
    | 'connection'
    | 'tls'
    | 'login'
    | 'sender'
    | 'message'
    | 'limit'
    | 'suspension'
    | 'delivery'
    | 'settings'
    | 'operator'
    | 'check';
  /** Which check decided, as PLUGIN/CHECK. */
  readonly check: string;
  /** What it decided. */
  readonly verdict: 'pass' | 'skip' | 'refuse' | 'defer';
  /** Under which mode. */
  readonly mode: 'enforce' | 'observe' | 'off';
  /** The mode withheld this refusal; the client was not refused. */
  readonly would_refuse?: true | undefined;
  /** Reason of a refusal: a key of the reply table, or why a message is held; or what a session came to. */
  readonly reason?: string | undefined;
  /** Offending value of a refusal, or why a check was skipped or deferred; what it was exactly. */
  readonly detail?: string | undefined;
  /** What the client heard. */
  readonly reply?: string | undefined;
  /** Address of the client. */
  readonly client?: string | undefined;
  /** Network of the client, /24 of IPv4 and /56 of IPv6: by which an account is known. */
  readonly network?: string | undefined;
  /** What the client called itself; nobody has proven that. */
  readonly helo?: string | undefined;
  /** Name of the own node or trusted relay that has this address. */
  readonly peer?: string | undefined;
  /** Port of the listener. */
  readonly port?: number | undefined;
  /** Role of the listener. */
  readonly role?: 'submission' | 'mx' | undefined;
  /** Protocol and cipher suite; absent in clear. */
  readonly tls?: string | undefined;
  /** Name of the authenticated identity. */
  readonly identity?: string | undefined;
  /** Its stable id: the distinguished name, for an LDAP account; NAME:DN for one of directories. */
  readonly identity_id?: string | undefined;
  /** Name of the application password that it logged in with, or would have. */
  readonly credential?: string | undefined;
  /** What a login called itself; proven only where the verdict is pass. */
  readonly login?: string | undefined;
  /** By which mechanism of AUTH it was tried: PLAIN, SCRAM-SHA-256, OAUTHBEARER, … */
  readonly mechanism?: string | undefined;
  /**
   * Twelve bits of a keyed hash of a password that was wrong: the same for the same password, and for one of
   * 4096 others.
   */
  readonly wrong_password?: string | undefined;
  /** Envelope sender; empty for the null reverse-path. */
  readonly sender?: string | undefined;
  /**
   * What proved the identity, where a message was accepted or leaves; tls-report: it is a report of the
   * gateway on TLS.
   */
  readonly proof?: string | undefined;
  /**
   * true where this host answers for a message from here on, and false where one was not queued after all.
   */
  readonly accepted?: boolean | undefined;
  /** Octets of a message that was accepted. */
  readonly bytes?: number | undefined;
  /**
   * Queue id, where a message was accepted or leaves: that of Received, and .N for the piece of one domain.
   */
  readonly queue_id?: string | undefined;
  /** The first Message-ID field of the message. */
  readonly message_id?: string | undefined;
  /**
   * What its sender wants of TLS on the way (RFC 8689). require: no server without it (REQUIRETLS); no:
   * delivery before TLS (TLS-Required: No).
   */
  readonly tls_option?: 'require' | 'no' | undefined;
  /** Envelope recipients: all where a message was accepted, those of one outcome where it leaves. */
  readonly recipients?: readonly string[] | undefined;
  /** How many more there are than recipients names; they are named where the message leaves. */
  readonly recipients_omitted?: number | undefined;
  /** Queue id of the message that a bounce of this host tells about. */
  readonly bounce_of?: string | undefined;
  /**
   * What became of the recipients (verdict is pass): deferred is tried again, bounced failed for good,
   * dropped was taken away by another plugin.
   */
  readonly outcome?: 'delivered' | 'deferred' | 'bounced' | 'dropped' | undefined;
  /** Name of the server that a message was handed to, or last tried. */
  readonly remote?: string | undefined;
  /** Its address. */
  readonly remote_address?: string | undefined;
  /** Its port. */
  readonly remote_port?: number | undefined;
  /** Protocol and cipher suite of the connection to it; absent in clear. */
  readonly remote_tls?: string | undefined;
  /** Whether its certificate is valid and for its name; Haraka also hands mail to others. */
  readonly remote_verified?: boolean | undefined;
  /** By which policy of the recipient the TLS of that server was judged (RFC 8460 §4.2). */
  readonly tls_policy?: 'tlsa' | 'sts' | 'no-policy-found' | undefined;
  /** That policy: the lines of the MTA-STS policy, or the TLSA records. */
  readonly tls_policy_string?: readonly string[] | undefined;
  /** What that server said, cut to 1000 characters. */
  readonly answer?: string | undefined;
  /** How many times it was tried, as Haraka counts. */
  readonly tries?: number | undefined;
  /** When it is tried again. */
  readonly again?: string | undefined;
  /** How long ago the message was queued. */
  readonly delay_seconds?: number | undefined;
  /** Name of the entry of smart_hosts that the message is to leave through, at this try. */
  readonly smart_host?: string | undefined;
  /** How long a session took, once it is over. */
  readonly session_seconds?: number | undefined;
  /** In the files of audit.store: file only. Where it stands in their order: it grows from line to line. */
  readonly place?: number | undefined;
  /** Settings that were in force. */
  readonly revision: string;
  /** How long the decision took. */
  readonly latency_ms: number;
}
