import type { Account, Unproven, Verification } from '../../core/directory/directory.ts';
import type { PermanentReason } from '../../core/replies.ts';
import type { Secret } from '../../core/secret.ts';

/** What a client claims to be, and its proof. Whoever gets it wipes the password. */
export interface Credentials {
  /** Authorization identity (RFC 4616 §2); empty when the client gave none. */
  readonly authzid: string;
  readonly login: string;
  readonly password: Secret;
}

/** What a client shows in place of a password. Whoever gets it wipes the token. */
export interface Bearer {
  readonly token: Secret;
  /** Whom it wants to be, if it says that: only the token tells who it may be. */
  readonly named: string | undefined;
  /** The challenge, in base64, that comes before a refusal (RFC 7628 §3.2.3); whatever the client answers ends it. */
  readonly failure: string;
}

/** What is said of the tokens that are wanted, to who brings another one. */
export interface TokenHints {
  /** Scopes, separated by spaces. */
  readonly scope: string;
  /** Where the issuer describes itself (OpenID Connect Discovery §4), where it has an address. */
  readonly configuration?: string;
}

/** Goes on with what the client answered, decoded. Pure: it waits for nothing and asks nobody. */
export type Exchange = (response: Buffer) => Step;

/** What an exchange asks for next. */
export type Step =
  | { readonly kind: 'challenge'; readonly text: string; readonly exchange: Exchange }
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  /** What the directory knows of a login that has proven nothing yet. */
  | { readonly kind: 'lookup'; readonly login: string; readonly resume: (found: Unproven) => Step }
  | { readonly kind: 'token'; readonly bearer: Bearer }
  /** The certificate of the session, and whom its client wants to be; empty where it leaves that to us. */
  | { readonly kind: 'certificate'; readonly authzid: string }
  /** A proof. Nobody judges it before it is counted as a login: whatever is said to a right one would tell it from a guess. */
  | {
      readonly kind: 'proof';
      readonly login: string;
      readonly judge: () => Verification;
      readonly proven: (account: Account) => Step;
    }
  /** The end of an exchange whose proof was right. */
  | { readonly kind: 'proven'; readonly login: string; readonly account: Account }
  | { readonly kind: 'refuse'; readonly reason: PermanentReason };

/** What an exchange may know of the session that it runs in. */
export interface ExchangeSession {
  /** Whether the directory has verifiers for SCRAM. */
  readonly scram: boolean;
  /** Channel binding `tls-exporter` (RFC 9266) of the connection, where it has one. */
  readonly binding: Buffer | undefined;
  /** Whether the client has shown a certificate, and certificates log in. */
  readonly certificate: boolean;
  /** Where tokens log in. */
  readonly tokens: TokenHints | undefined;
  /** The server's part of a nonce: printable, without comma. */
  readonly nonce: () => string;
}

/** One mechanism of SASL (RFC 4422) in which the client speaks first. */
export interface Mechanism {
  readonly name: string;
  /** Whether EHLO lists it, and AUTH takes it. */
  readonly isOffered: (session: ExchangeSession) => boolean;
  /** What a client without initial response is asked, in base64. */
  readonly question: string;
  readonly answer: (response: Buffer, session: ExchangeSession) => Step;
}

export function refusal(reason: PermanentReason): Step {
  return { kind: 'refuse', reason };
}

export function challenge(text: string, exchange: Exchange): Step {
  return { kind: 'challenge', text: Buffer.from(text, 'utf8').toString('base64'), exchange };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of octets, or `undefined` where they are not UTF-8. */
export function textOf(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
