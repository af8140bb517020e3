/** What is remarkable about a session. */
export interface SessionEnd {
  readonly reason?: EndReason;
  readonly detail?: string;
}

/** Why a session came to nothing, the first that holds: facts about a client, for which nobody is refused. */
export const endReasons = {
  'wrong-port':
    'it began TLS on a port that begins in clear, or did not begin it on one that begins with TLS',
  'handshake-failed': 'TLS did not come about; detail has the words of OpenSSL',
  'too-early': 'it spoke when it was not its turn, and began no message',
  silent: 'it left before it had said HELO or EHLO',
  'no-mail': 'it began no message, or was not let begin one',
} as const;

export type EndReason = keyof typeof endReasons;

/** What is known of a session that is over. */
export interface SessionSeen {
  /** Messages that were begun. */
  readonly messages: number;
  readonly hasGreeted: boolean;
  readonly isEarly: boolean;
  /** It sent the first octets of TLS where SMTP begins in clear. */
  readonly beganTls: boolean;
  /** Whether STARTTLS was begun. */
  readonly startedTls: boolean;
  /** Whether what it said last was encrypted. */
  readonly hasTls: boolean;
  readonly fault?: Error | undefined;
}

const misplacedTls = { reason: 'wrong-port', detail: 'TLS on a port that begins in clear' } as const;
const misplacedClear = { reason: 'wrong-port', detail: 'clear text on a port that begins with TLS' } as const;

/** What a session came to. */
export function endOfSession(session: SessionSeen): SessionEnd {
  const { messages, hasGreeted, isEarly, beganTls, startedTls, hasTls, fault } = session;
  if (messages > 0) return {};
  if (beganTls) return misplacedTls;
  if (startedTls && !hasTls) return { reason: 'handshake-failed', detail: wordsOf(fault) };
  // Who does not like our certificate may say so when TLS stands (RFC 8446 §4.4.2.4).
  if (isOfTls(fault)) return { reason: 'handshake-failed', detail: wordsOf(fault) };
  if (isEarly) return { reason: 'too-early' };
  return { reason: hasGreeted ? 'no-mail' : 'silent' };
}

/** What a connection came to that has failed to begin TLS where that comes first. */
export function endOfHandshake(fault: Error): SessionEnd {
  const words = wordsOf(fault);
  if (words === 'wrong version number' || words === 'http request') return misplacedClear;
  return { reason: 'handshake-failed', detail: words };
}

type Fault = Error & { readonly code?: string; readonly reason?: string };

function isOfTls(fault: Fault | undefined): boolean {
  return fault?.code?.startsWith('ERR_SSL_') === true;
}

const longestWords = 200;

/** OpenSSL's, where it says something: `unsupported protocol`, `no shared cipher`. */
function wordsOf(fault: Fault | undefined): string {
  if (fault === undefined || fault.code === 'ECONNRESET') return 'the client closed';
  return (fault.reason ?? fault.message).slice(0, longestWords);
}
