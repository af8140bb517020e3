/** A decision: the same mail will be refused again. */
export interface PermanentReply {
  readonly code: `5${number}`;
  readonly status: `5.${number}.${number}`;
  readonly text: string;
}

/** Trouble that may pass. */
export interface TemporaryReply {
  readonly code: `4${number}`;
  readonly status: `4.${number}.${number}`;
  readonly text: string;
}

/** An SMTP reply: code (RFC 5321 §4.2), enhanced status code (RFC 3463), text for a person. */
export type Reply = PermanentReply | TemporaryReply;

/** Decisions: the same mail will be refused again. */
const permanent = {
  'tls-missing': { code: '530', status: '5.7.0', text: 'Must issue a STARTTLS command first' },
  'tls-below-criteria': { code: '554', status: '5.7.4', text: 'TLS is below the criteria' },
  'tls-in-use': { code: '503', status: '5.5.1', text: 'TLS is in use already' },
  'auth-in-clear': { code: '538', status: '5.7.11', text: 'Encryption required for authentication' },
  'auth-required': { code: '530', status: '5.7.0', text: 'Authentication required' },
  'bad-credentials': { code: '535', status: '5.7.8', text: 'Authentication credentials invalid' },
  'auth-out-of-sequence': { code: '503', status: '5.5.1', text: 'AUTH is not permitted now' },
  'auth-cancelled': { code: '501', status: '5.7.0', text: 'Authentication cancelled' },
  'auth-syntax': { code: '501', status: '5.5.2', text: 'Cannot decode the authentication exchange' },
  'auth-argument-missing': { code: '501', status: '5.5.4', text: 'AUTH needs a mechanism' },
  'auth-mechanism-unknown': { code: '504', status: '5.5.4', text: 'Authentication mechanism not supported' },
  'auth-line-too-long': { code: '500', status: '5.5.6', text: 'Authentication exchange line is too long' },
  'sender-not-owned': { code: '553', status: '5.7.1', text: 'Sender address is not yours to use' },
  'header-not-owned': { code: '550', status: '5.7.1', text: 'Header address is not yours to use' },
  'display-not-owned': {
    code: '550',
    status: '5.7.1',
    text: 'Display name shows an address that is not yours',
  },
  'name-protected': { code: '550', status: '5.7.1', text: 'Display name is that of somebody else' },
  'domain-lookalike': { code: '550', status: '5.7.1', text: 'Header shows a domain that looks like another' },
  'hidden-characters': { code: '550', status: '5.7.1', text: 'Author has characters that cannot be seen' },
  'header-not-ascii': { code: '554', status: '5.6.0', text: 'Header is not US-ASCII, and not announced' },
  'octets-stray': { code: '554', status: '5.6.0', text: 'Message holds NUL, bare CR or bare LF' },
  'header-malformed': { code: '554', status: '5.6.0', text: 'Header is malformed or ambiguous' },
  'spf-fail': { code: '550', status: '5.7.23', text: 'SPF does not let this client send for the domain' },
  'spf-softfail': {
    code: '550',
    status: '5.7.23',
    text: 'SPF would rather not let this client send for the domain',
  },
  'spf-permerror': { code: '550', status: '5.7.24', text: 'SPF record of the domain is in error' },
  'forward-unproven': { code: '550', status: '5.7.20', text: 'Forwarded mail is not proven to be real' },
  'tenant-unproven': {
    code: '550',
    status: '5.7.1',
    text: 'Message is not proven to be of a tenant that may relay',
  },
  'tenant-unsigned': {
    code: '550',
    status: '5.7.20',
    text: 'Message has no good DKIM signature of a domain of the tenant',
  },
  'relay-denied': { code: '550', status: '5.7.1', text: 'Relaying needs an authenticated identity' },
  'requiretls-not-offered': {
    code: '555',
    status: '5.5.4',
    text: 'REQUIRETLS is not offered here',
  },
  'requiretls-syntax': { code: '501', status: '5.5.4', text: 'REQUIRETLS stands once, and has no value' },
  'requiretls-unsupported': { code: '550', status: '5.7.30', text: 'REQUIRETLS support required' },
  'message-too-large': { code: '552', status: '5.3.4', text: 'Message is too large' },
  'not-cleared': { code: '550', status: '5.7.1', text: 'Message did not pass every check' },
} as const satisfies Record<string, PermanentReply>;

/** Trouble that may pass: the client keeps the mail and tries again. */
const temporary = {
  'directory-unavailable': { code: '454', status: '4.7.0', text: 'Temporary authentication failure' },
  'account-unconfirmed': { code: '451', status: '4.7.0', text: 'Account cannot be looked up now' },
  'certificate-unjudged': {
    code: '454',
    status: '4.7.0',
    text: 'Client certificate cannot be judged now',
  },
  'issuer-unavailable': { code: '454', status: '4.7.0', text: 'Temporary authentication failure' },
  'login-throttled': { code: '454', status: '4.7.0', text: 'Too many failed logins, wait and try again' },
  'spf-temperror': { code: '451', status: '4.7.24', text: 'SPF of the domain cannot be checked now' },
  'dkim-temperror': { code: '451', status: '4.4.3', text: 'DKIM signature cannot be checked now' },
  'account-suspended': { code: '421', status: '4.7.1', text: 'Account may not send for now' },
  'too-many-failures': { code: '421', status: '4.7.0', text: 'Too many failed logins' },
  'too-many-sessions': { code: '421', status: '4.7.0', text: 'Too many sessions at once' },
  'rate-limited': { code: '450', status: '4.7.1', text: 'Sending limit is reached' },
  'too-many-recipients': { code: '452', status: '4.5.3', text: 'Too many recipients' },
  'tls-criteria-unclear': { code: '451', status: '4.7.0', text: 'TLS criteria cannot be judged now' },
  'own-fault': { code: '451', status: '4.3.0', text: 'Local error, try again later' },
  'disk-full': { code: '452', status: '4.3.1', text: 'Insufficient system storage' },
} as const satisfies Record<string, TemporaryReply>;

export type PermanentReason = keyof typeof permanent;
export type TemporaryReason = keyof typeof temporary;
export type Reason = PermanentReason | TemporaryReason;

/** Replies by reason. */
export type Replies = Readonly<Record<string, Reply>>;

/** Of a table of replies the reasons whose code begins with this digit. */
export type ReasonsOf<Table extends Replies, Digit extends '4' | '5'> = {
  [Reason in keyof Table & string]: Table[Reason]['code'] extends `${Digit}${number}` ? Reason : never;
}[keyof Table & string];

/** Replies of a check that has none of its own. */
export type NoReplies = Readonly<Record<string, never>>;

/** The one table that maps a reason to what the client hears; checks of others bring replies of their own. */
export const replies: Readonly<Record<Reason, Reply>> = { ...permanent, ...temporary };

/** The reply for a reason, ours or one of a check that has `own`; throws for any other. */
export function replyFor(reason: string, own?: Replies): Reply {
  const reply = lookUp(reason, own);
  if (!reply) throw new Error(`no reply has the reason ${reason}`);
  return reply;
}

/** 4, to be tried again, or 5, decided; `undefined` for what is no reason. */
export function classOf(reason: unknown, own?: Replies): '4' | '5' | undefined {
  const reply = typeof reason === 'string' ? lookUp(reason, own) : undefined;
  return reply && (reply.code.startsWith('5') ? '5' : '4');
}

function lookUp(reason: string, own: Replies = {}): Reply | undefined {
  const table: Replies = Object.hasOwn(replies, reason) ? replies : own;
  return Object.hasOwn(table, reason) ? table[reason] : undefined;
}
