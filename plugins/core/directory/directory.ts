import type { CertificateNames } from '../certificate/names.ts';
import type { Credential } from '../credential.ts';
import type { OwnLimits } from '../limits/limits.ts';
import type { Mailbox } from '../mailbox.ts';
import type { Delegated } from '../rights.ts';
import type { Secret } from '../secret.ts';

/** A person or machine that may log in, as the directory knows it and never as it was typed. */
export interface Account {
  /** Stable name in all directories: the distinguished name, for LDAP, with `NAME:` before it in an entry of `directories`. */
  readonly id: string;
  /** The name for people and logs: the account's first address, or its id when it has none. */
  readonly name: string;
  /** Every mailbox that the account may send as. */
  readonly addresses: readonly Mailbox[];
  /** What it may write beside; absent where the settings ask for nothing of it. */
  readonly delegated?: Delegated;
  /** Limits of its own, in place of those of the settings; absent where no attribute is asked for them. */
  readonly limits?: OwnLimits;
  /** What its TLS has to meet, by names that nobody has looked at; absent where there are none. */
  readonly criteria?: readonly string[];
  /** The groups of the settings that it is in, as they are written there; absent where the settings have none. */
  readonly groups?: readonly string[];
  /**
   * The application password that it was proven with. Whether it counts here and now is decided for each login anew:
   * that of a moment ago is remembered.
   */
  readonly credential?: Credential;
  /** All that it has; absent where the settings have none. */
  readonly credentials?: readonly Credential[];
}

/**
 * Why a login is refused. The client hears one text and 535 for all of them; the event has the cause. For a lockout too,
 * although it ends by itself: a 454 would tell who guesses that the account exists, and a client that keeps trying with 454
 * would keep it locked.
 */
export const refusals = [
  'no-such-account',
  'wrong-password',
  'account-disabled',
  'account-locked',
  'account-expired',
  'logon-restricted',
  'not-in-required-group',
  'in-forbidden-group',
  'password-expired',
  'password-must-change',
  'app-password-expired',
  'app-password-elsewhere',
  'no-app-password',
  'mail-server-elsewhere',
  'account-suspended',
  'empty-password',
  'malformed-password',
  'malformed-login',
  'foreign-authzid',
  'no-scram-verifier',
  'channel-binding',
  'token-invalid',
  'token-expired',
  'token-scope',
  'token-without-login',
  'certificate-fault',
  'certificate-ambiguous',
] as const;

export type Refusal = (typeof refusals)[number];

export type Verification =
  | {
      readonly kind: 'account';
      readonly account: Account;
      /** When the directory was asked, by the clock of who remembers it; absent where that was just now. */
      readonly since?: number;
    }
  | {
      readonly kind: 'refused';
      readonly cause: Refusal;
      /** What was wrong exactly, for the event and the log. */
      readonly detail?: string;
      /** Name of the application password, where it was one and right. */
      readonly credential?: string;
    };

/** A login that is refused; `credential` is the name of the application password that it was right with. */
export function refused(cause: Refusal, credential?: string): Verification {
  return { kind: 'refused', cause, ...(credential !== undefined && { credential }) };
}

/** What SCRAM-SHA-256 checks a proof with (RFC 5802 §3, RFC 7677). */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** A login that has proven nothing yet. Who does not exist has a verifier, too, that nobody can prove. */
export interface Unproven {
  readonly verifier: ScramVerifier;
  /** What it comes to when its proof is right. */
  readonly ifProven: Verification;
  /** Why it is refused when its proof is wrong. */
  readonly otherwise: Refusal;
}

/** The world failed: no server answered in time, or the answer cannot be trusted. Never counts against the user. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** Who may log in, and which addresses they own. */
export interface Directory {
  /** Checks one password. Rejects with `Unavailable` when no trustworthy answer comes in time; never resolves late. */
  verify(login: string, password: Secret): Promise<Verification>;
  /**
   * The account that a login means, by the rules of `verify` without the password. Rejects likewise. For whoever runs the
   * gateway, and for a login that is proven already: no client may hear of an account that it cannot prove.
   */
  find(login: string): Promise<Verification>;
  /**
   * The account of a certificate, by the rules of `find`. Whatever is among `names` counts as proven. Rejects likewise; one that
   * several accounts have is refused.
   */
  byCertificate(names: CertificateNames): Promise<Verification>;
  /** What SCRAM needs of a login, by the rules of `verify`. Rejects likewise, and for a verifier that cannot be read. */
  verifier(login: string): Promise<Unproven>;
  /** Resolves when a server would answer a login now; rejects with `Unavailable`. */
  probe(): Promise<void>;
  /** Ends all connections; later calls reject with `Unavailable`. */
  close(): void;
}

/** A directory that remembers what it found out. */
export interface RememberingDirectory extends Directory {
  /** Forgets what it knows of an account: by what it logged in as, its name or its id. Nothing named forgets all. */
  forget(account?: string): void;
}
