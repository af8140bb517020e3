import { isElsewhere, isExpired } from '../core/credential.ts';
import { refused, type Verification } from '../core/directory/directory.ts';
import type { SessionFacts } from '../core/haraka/session.ts';
import { isServerElsewhere } from '../core/registrations.ts';
import type { Policy } from '../core/settings/settings.ts';
import { pass, refuse, skip, type Verdict } from '../core/verdict.ts';

/** MAIL on a submission port needs an identity (RFC 6409 §4.3), whatever the number of the port. */
export function decideRequired({ client, listener, identity }: SessionFacts): Verdict {
  if (identity) return pass;
  return listener.role === 'submission'
    ? refuse('auth-required', client.registration?.lapsed ?? client.bearing?.because)
    : skip('mail from other servers needs no login');
}

export interface AuthFacts extends SessionFacts {
  readonly greeted: boolean;
  readonly inTransaction: boolean;
}

/** Whether AUTH may begin: over TLS, after EHLO, once, and not inside a transaction (RFC 4954 §4). */
export function decideBegin({ tls, identity, greeted, inTransaction }: AuthFacts): Verdict {
  if (!tls) return refuse('auth-in-clear');
  const hasLoggedIn = identity?.proof === 'account';
  const isOutOfSequence = !greeted || hasLoggedIn || inTransaction;
  return isOutOfSequence ? refuse('auth-out-of-sequence') : pass;
}

/** What a login comes to here and now: the directory and its memory know neither the client nor what day it is. */
export function decidePlace(
  verification: Verification,
  client: string,
  policy: Pick<Policy, 'mail_servers'>,
  now: Date,
  isSuspended: (id: string) => boolean,
): Verification {
  if (verification.kind === 'refused') return verification;
  const { account } = verification;
  const { credential } = account;
  if (isSuspended(account.id)) return refused('account-suspended', credential?.name);
  if (credential && isExpired(credential, now)) return refused('app-password-expired', credential.name);
  if (credential && isElsewhere(credential, client))
    return refused('app-password-elsewhere', credential.name);
  return isServerElsewhere(account, client, policy, now)
    ? refused('mail-server-elsewhere', credential?.name)
    : verification;
}

/** One text for every refusal of the directory; the true cause stands in the event only. */
export function decideVerification(verification: Verification): Verdict {
  if (verification.kind === 'account') return pass;
  const { cause, detail } = verification;
  return refuse('bad-credentials', detail === undefined ? cause : `${cause}: ${detail}`);
}
