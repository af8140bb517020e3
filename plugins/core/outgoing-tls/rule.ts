import type { DaneAnchors } from '../dane/tlsa.ts';
import type { FailureType } from '../tls-failure.ts';

/** One reason for which a server that mail is handed to has to have TLS. */
export interface TlsRule {
  /** Who demands it, so that a sender understands: `require_tls of bank.example`. */
  readonly by: string;
  /** Whether nothing of the message is said to a server that does not meet it; of others it is only told. */
  readonly isEnforced: boolean;
  /** Which certificate is good: any, one that is valid for the name of the server, or one that TLSA records are about. */
  readonly certificate: 'any' | 'valid' | DaneAnchors;
  /** The server has to promise the same of the next one (RFC 8689). */
  readonly requiretls?: boolean;
  /** The server is out of the question, whatever its TLS. */
  readonly fault?: TlsFault;
  /** Of the recipient's domain, where that is who demands it. */
  readonly policy?: AppliedPolicy;
}

/** A policy that a recipient's domain publishes, as RFC 8460 §4.4 names and repeats it. */
export interface AppliedPolicy {
  readonly type: 'tlsa' | 'sts';
  readonly text: readonly string[];
}

export interface TlsFault {
  readonly type: FailureType;
  readonly why: string;
}

/** A server that did not meet a rule. */
export interface TlsFailure extends TlsFault {
  /** Its name, or its address where it has none. */
  readonly server: string;
  readonly rule: TlsRule;
}

/** What TLS a message needs at one try. */
export interface TlsDemand {
  /** What a server has to meet, by its name, or by its address where it has none; rejects where that cannot be found out now. */
  readonly rulesFor: (server: string) => readonly TlsRule[] | Promise<readonly TlsRule[]>;
  /** Whether the policies of the recipient's domain were looked for. */
  readonly isLookedUp: boolean;
}

/** What is to be said of a certificate that Node.js did not accept, by its error code. */
export function faultOfCode(code: string): TlsFault {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return { type: 'certificate-host-mismatch', why: 'its certificate is for another name' };
  }
  if (code === 'CERT_HAS_EXPIRED') return { type: 'certificate-expired', why: 'its certificate has expired' };
  const why = `its certificate is not trusted (${code})`;
  return { type: 'certificate-not-trusted', why };
}

/** Why a message has not left: for its sender, with the status of RFC 3463. */
export interface Unmet {
  readonly status: string;
  readonly text: string;
}

/** What a sender is told when no server met the rules: X.7.4, security features not supported; X.7.30 for REQUIRETLS (RFC 8689 §6.1). */
export function unmet(failures: readonly TlsFailure[]): Unmet {
  const rules = failures.map(({ rule }) => rule);
  const isVerified = rules.some(({ certificate }) => certificate !== 'any');
  const what = isVerified ? 'TLS with a verified certificate' : 'TLS';
  const by = unique(rules.map((rule) => rule.by)).join(' and ');
  const servers = unique(failures.map(({ server, why }) => `${server}: ${why}`)).join('; ');
  return {
    status: rules.every(({ requiretls }) => requiretls) ? '4.7.30' : '4.7.4',
    text: `${what} is required by ${by}, and no server offers it: ${servers}`,
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
