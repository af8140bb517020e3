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

/** What was checked: HELO, or the sender as it was written. */
interface Checked {
  readonly who: string;
  readonly outcome: SpfOutcome;
}

/** SPF of HELO and of senders that are not of a protected domain. */
export function decideSpf(
  { helo, mailFrom }: SpfEvidence,
  sender: SenderText,
  actions: SpfActions,
  policy: Policy,
): Verdict {
  const ofHelo = { who: 'HELO', outcome: helo };
  if (helo.result === 'fail') {
    return protectedDomain(helo.domain, policy) ? adverse(ofHelo) : decideResult(ofHelo, actions);
  }
  // RFC 7208 §2.4: of the null sender HELO stands for MAIL FROM.
  if (!mailFrom) return decideResult(ofHelo, actions);
  if (protectedDomainOf(sender, policy)) return skip('of a protected domain');
  return decideResult({ who: sender.text, outcome: mailFrom }, actions);
}

/** A sender of a protected domain needs a pass, whatever that domain publishes. */
export function decideImpersonation({ mailFrom }: SpfEvidence, sender: SenderText, policy: Policy): Verdict {
  if (!mailFrom || !protectedDomainOf(sender, policy)) return skip('not of a protected domain');
  return mailFrom.result === 'pass' ? pass : adverse({ who: sender.text, outcome: mailFrom });
}

function decideResult(checked: Checked, actions: SpfActions): Verdict {
  const { result } = checked.outcome;
  if (result === 'pass') return pass;
  // RFC 7208 §8.2: neutral is treated as none.
  if (result === 'neutral' || result === 'none') return skip(recorded(checked));
  return actions[result] === 'record' ? skip(recorded(checked)) : adverse(checked);
}

/** What speaks against whoever needs a pass. */
function adverse(checked: Checked): Verdict {
  const { result } = checked.outcome;
  switch (result) {
    case 'fail':
      return refuse('spf-fail', recorded(checked), explained(checked.outcome));
    case 'softfail':
    case 'permerror':
      return refuse(`spf-${result}`, recorded(checked));
    case 'temperror':
      return defer('spf-temperror', recorded(checked));
    case 'pass':
    case 'neutral':
    case 'none':
      return refuse('sender-not-owned', recorded(checked));
  }
}

/** RFC 7208 §8.4: the words are those of the domain, and the client is told so. */
function explained({ domain, explanation }: SpfOutcome): string | undefined {
  return explanation === undefined ? undefined : `${printable(domain)} explains: ${explanation}`;
}

/** In a line, for the event and the log. */
function recorded({ who, outcome: { result, domain, mechanism, because } }: Checked): string {
  const cause = because ?? mechanism;
  return `${who}: SPF ${result} of ${printable(domain)}${cause === undefined ? '' : ` (${cause})`}`;
}
