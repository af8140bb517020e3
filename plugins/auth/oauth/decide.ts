import type { Refusal, Verification } from '../../core/directory/directory.ts';
import { parseMailbox, sameMailbox } from '../../core/mailbox.ts';
import type { OauthSettings } from '../../core/settings/oauth.ts';
import type { TokenHints } from '../mechanisms/step.ts';

/** What a token comes to, before anybody is asked for the account. */
export type TokenVerdict =
  | { readonly kind: 'proven'; readonly login: string }
  | {
      readonly kind: 'refused';
      readonly cause: Extract<Refusal, `token-${string}`>;
      readonly detail: string;
    };

/** What a token says whose signature, issuer, audience and time are right. */
export interface SignedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** RFC 9068 §2.1, RFC 7519 §5.1; RFC 8725 §3.11: what is made for another purpose says so. */
const typesOfAccess = /^(?:application\/)?(?:at\+)?jwt$/i;

/** The login of a token, if it has what the settings ask for. */
export function decideToken({ header, claims }: SignedToken, settings: OauthSettings): TokenVerdict {
  const type = header['typ'] ?? 'JWT';
  if (typeof type !== 'string' || !typesOfAccess.test(type)) {
    return refused('token-invalid', `typ is ${shown(type)}`);
  }
  // RFC 9449 §7.2, RFC 8705 §3: who stole it could not prove that key, and here nobody is asked to.
  if (Object.hasOwn(claims, 'cnf')) return refused('token-invalid', 'it is bound to a key (cnf)');
  const granted = new Set([...scopesIn(claims['scope']), ...scopesIn(claims['scp'])]);
  const missing = settings.required_scopes.filter((scope) => !granted.has(scope));
  if (missing.length > 0) return refused('token-scope', `it lacks ${shown(missing.join(' '))}`);
  return loginIn(claims, settings.login_claim);
}

function loginIn(claims: SignedToken['claims'], name: string): TokenVerdict {
  const login = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (typeof login !== 'string' || login === '') {
    const what = login === undefined ? 'is missing' : `is ${shown(login)}`;
    return refused('token-without-login', `${name} ${what}`);
  }
  // OpenID Connect Core §5.1: whoever types in an address does not own it yet.
  if (name === 'email' && Object.hasOwn(claims, 'email_verified') && claims['email_verified'] !== true) {
    return refused('token-without-login', 'email is not verified');
  }
  return { kind: 'proven', login };
}

/** RFC 8693 §4.2: one text; others write a list. */
function scopesIn(claim: unknown): readonly unknown[] {
  return typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : [];
}

/** Whoever names somebody must name the account of the token: by its login, or by one of its addresses. */
export function unlessForeign(
  named: string | undefined,
  login: string,
  verification: Verification,
): Verification {
  if (named === undefined || named === login || verification.kind === 'refused') return verification;
  const mailbox = parseMailbox(named);
  const isOwn = mailbox && verification.account.addresses.some((each) => sameMailbox(each, mailbox));
  return isOwn ? verification : { kind: 'refused', cause: 'foreign-authzid', detail: shown(named) };
}

/** What a client that was refused is told of the tokens that are wanted. */
export function hintsOf({ issuer, required_scopes: scopes }: OauthSettings): TokenHints {
  const scope = scopes.join(' ');
  if (!issuer.startsWith('https://')) return { scope };
  return { scope, configuration: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` };
}

export function refused(
  cause: Extract<Refusal, `token-${string}`>,
  detail: string,
): TokenVerdict & { kind: 'refused' } {
  return { kind: 'refused', cause, detail };
}

const longestShown = 200;

/** A value for the log, as JSON, of bounded length. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}
