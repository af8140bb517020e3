import type { TemporaryReason } from '../replies.ts';
import { latest, refusalOf, totalOf, type AdverseTally } from './refusals.ts';
import type { Finding } from './report.ts';
import { few, groupsBy, heaviest, so, span } from './words.ts';

/** Why a login, or one that has to be looked up again, is put off for what is not its client's. */
const reasons: readonly string[] = [
  'directory-unavailable',
  'account-unconfirmed',
  'certificate-unjudged',
  'issuer-unavailable',
  'own-fault',
] satisfies readonly TemporaryReason[];

/** Logins of which nobody knows whether they were right, since something on this side failed: by reason. They accuse nobody. */
export function unjudgedFindings(adverse: readonly AdverseTally[]): Finding[] {
  const unjudged = adverse.filter(
    ({ check, reason }) => check.startsWith('auth/') && reasons.includes(reason),
  );
  const findings = [...groupsBy(unjudged, ({ reason }) => reason).values()].flatMap((tallies) => {
    const last = latest(tallies);
    return last ? [findingOf(tallies, last)] : [];
  });
  return heaviest(findings, reasons.length, ({ count }) => count);
}

function findingOf(tallies: readonly AdverseTally[], last: AdverseTally): Finding {
  const { reason, detail, reference } = refusalOf(last);
  const { count, first, last: end } = totalOf(tallies);
  const accounts = [...new Set(tallies.map(({ who }) => who.toLowerCase()).filter((who) => who !== ''))];
  const of = accounts.length === 0 ? '' : ` of ${so(accounts.length, 'account')}`;
  const before = [...new Set(tallies.map((tally) => refusalOf(tally).detail))].filter(
    (cause) => cause !== '' && cause !== detail,
  );
  return {
    reading: 'not judged',
    subject: reason,
    says: `${so(count, 'login')}${of} could not be judged, right or wrong${detail === '' ? '.' : `: ${detail}`}`,
    evidence: [
      `${so(count, 'time')}, ${span(first, end)}`,
      ...(accounts.length > 0 ? [`accounts: ${few(accounts)}`] : []),
      ...before.slice(0, mostCauses).map((cause) => `before: ${cause}`),
      `the last one: ${reference}`,
    ],
    remedy: `Mend what is named there: docs/refusals.md#${reason} says what each cause means.`,
    ...{ count, first, last: end },
  };
}

/** Each server of a directory fails in its own words. */
const mostCauses = 3;
