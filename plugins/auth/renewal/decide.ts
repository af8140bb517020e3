import { isElsewhere, isExpired, type Credential } from '../../core/credential.ts';
import type { Account, Verification } from '../../core/directory/directory.ts';
import type { Identity } from '../../core/identity.ts';

/** What is known of a login that was proven some time ago. */
type Proven = Pick<Identity, 'id' | 'credential'>;

/** For how long a login counts unasked, and while no server answers, in milliseconds. */
export interface Lifetimes {
  readonly acceptedMs: number;
  readonly staleMs: number;
}

/** Whether a login that was asked for at `since` still counts unasked: for as long as another one would be remembered. */
export function isFresh(
  since: number,
  forgottenAt: number | undefined,
  { acceptedMs }: Lifetimes,
  now: number,
) {
  return now < since + acceptedMs && !isForgotten(since, forgottenAt);
}

/** Whether it still counts although no server answers: as another one would, and never when it was to be forgotten. */
export function isStale(since: number, forgottenAt: number | undefined, lifetimes: Lifetimes, now: number) {
  const { acceptedMs, staleMs } = lifetimes;
  if (staleMs === 0 || isForgotten(since, forgottenAt)) return false;
  return now < since + Math.max(acceptedMs, staleMs);
}

function isForgotten(since: number, forgottenAt: number | undefined): boolean {
  return forgottenAt !== undefined && forgottenAt >= since;
}

/** What a login has become: the account as it is now, or why there is none any more. */
export type Renewal =
  | { readonly kind: 'account'; readonly account: Account }
  | { readonly kind: 'lapsed'; readonly why: string };

/** Judges what the directory says of a login now; whether it may be used here and today is left to `decidePlace`. */
export function decideRenewal(
  found: Verification,
  { id, credential: name }: Proven,
  client: string,
  now: Date,
): Renewal {
  if (found.kind === 'refused') return { kind: 'lapsed', why: causeInWords(found) };
  const { account } = found;
  if (account.id.toLowerCase() !== id.toLowerCase()) {
    return { kind: 'lapsed', why: `the login is that of another account now, ${account.id}` };
  }
  // That of a certificate was looked for by the certificate.
  if (name === undefined || account.credential?.name === name) return { kind: 'account', account };
  const credential = credentialNamed(name, account, client, now);
  return credential
    ? { kind: 'account', account: { ...account, credential } }
    : { kind: 'lapsed', why: `the application password ${name} is gone` };
}

/** Why a login is refused now, for the event. */
export function causeInWords({ cause, detail }: Extract<Verification, { kind: 'refused' }>): string {
  return detail === undefined ? cause : `${cause}: ${detail}`;
}

/** Two may have one name while they are exchanged: then the one that counts. */
function credentialNamed(
  name: string,
  { credentials = [] }: Account,
  client: string,
  now: Date,
): Credential | undefined {
  const known = credentials.filter((each) => each.name === name);
  return known.find((each) => !isExpired(each, now) && !isElsewhere(each, client)) ?? known[0];
}
