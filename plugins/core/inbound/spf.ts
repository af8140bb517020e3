import type { Policy } from '../settings/settings.ts';
import { printable } from '../spf/octets.ts';
import type { SpfOutcome } from '../spf/result.ts';
import { defer, pass, refuse, skip, type Verdict } from '../verdict.ts';
import { protectedDomain, protectedDomainOf, type SenderText } from './protected.ts';

/** What SPF says of HELO (RFC 7208 §2.3) and of MAIL FROM (§2.4); of the null sender HELO alone is checked. */
export interface SpfEvidence {
  readonly helo: SpfOutcome;
  readonly mailFrom?: SpfOutcome;
}

/** What follows from each result. */
export type SpfActions = Pick<Policy['spf'], 'fail' | 'softfail' | 'permerror' | 'temperror'>;

/** The actions on a port. */
export function actionsOn(port: number, { listeners, spf }: Policy): SpfActions {
  const here = listeners.find((listener) => listener.port === port)?.spf;
  return {
    fail: here?.fail ?? spf.fail,
    softfail: here?.softfail ?? spf.softfail,
    permerror: here?.permerror ?? spf.permerror,
    temperror: here?.temperror ?? spf.temperror,
  };
}

/** SPF of HELO and of senders that are not of a protected domain. */
export function decideSpf(
  { helo, mailFrom }: SpfEvidence,
  sender: SenderText,
  actions: SpfActions,
  policy: Policy,
): Verdict {
  if (helo.result === 'fail')
    return protectedDomain(helo.domain, policy) ? fail(helo) : onFail(helo, actions);
  if (!mailFrom) return helo.result === 'pass' ? pass : skip(`HELO: ${recorded(helo)}`);
  return protectedDomainOf(sender, policy) ? skip('of a protected domain') : decideResult(mailFrom, actions);
}

function decideResult(mailFrom: SpfOutcome, actions: SpfActions): Verdict {
  switch (mailFrom.result) {
    case 'pass':
      return pass;
    case 'fail':
      return onFail(mailFrom, actions);
    case 'softfail':
      return actions.softfail === 'reject' ? softfail(mailFrom) : skip(recorded(mailFrom));
    // RFC 7208 §8.2: neutral is treated as none.
    case 'neutral':
    case 'none':
      return skip(recorded(mailFrom));
    case 'permerror':
      return actions.permerror === 'reject' ? permerror(mailFrom) : skip(recorded(mailFrom));
    case 'temperror':
      return actions.temperror === 'defer' ? temperror(mailFrom) : skip(recorded(mailFrom));
  }
}

/** A sender of a protected domain needs a pass, whatever that domain publishes. */
export function decideImpersonation({ mailFrom }: SpfEvidence, sender: SenderText, policy: Policy): Verdict {
  if (!mailFrom || !protectedDomainOf(sender, policy)) return skip('not of a protected domain');
  switch (mailFrom.result) {
    case 'pass':
      return pass;
    case 'fail':
      return fail(mailFrom);
    case 'permerror':
      return permerror(mailFrom);
    case 'temperror':
      return temperror(mailFrom);
    case 'softfail':
    case 'neutral':
    case 'none':
      return refuse('sender-not-owned', `${sender.text}: ${recorded(mailFrom)}`);
  }
}

function onFail(outcome: SpfOutcome, { fail: action }: SpfActions): Verdict {
  return action === 'reject' ? fail(outcome) : skip(recorded(outcome));
}

/** RFC 7208 §8.4: the words are those of the domain, and the client is told so. */
function fail(outcome: SpfOutcome): Verdict {
  const { domain, explanation } = outcome;
  const told = explanation === undefined ? undefined : `${printable(domain)} explains: ${explanation}`;
  return refuse('spf-fail', recorded(outcome), told);
}

function softfail(outcome: SpfOutcome): Verdict {
  return refuse('spf-softfail', recorded(outcome));
}

function permerror(outcome: SpfOutcome): Verdict {
  return refuse('spf-permerror', recorded(outcome));
}

function temperror(outcome: SpfOutcome): Verdict {
  return defer('spf-temperror', recorded(outcome));
}

/** In a line, for the event and the log. */
function recorded({ result, domain, mechanism, because }: SpfOutcome): string {
  const cause = because ?? mechanism;
  return `SPF ${result} of ${domain}${cause === undefined ? '' : ` (${cause})`}`;
}
