import type { HeldNow } from '../trail/held-now.ts';
import { totalOf, type AdverseTally } from './refusals.ts';
import type { Finding } from './report.ts';
import { few, groupsBy, reach, so, span, when } from './words.ts';

/** Mail that waits for somebody to look at it, by reason: what is held now, or where that is not known, what was in the period. */
export function heldFindings(
  adverse: readonly AdverseTally[],
  held: readonly HeldNow[] | undefined,
): Finding[] {
  if (held) return [...groupsBy(held, ({ reason }) => reason)].map(ofNow);
  const recorded = adverse.filter(
    ({ check, effect, reason }) =>
      check === 'outbound/provenance' && effect === 'refused' && reason !== 'account-dropped',
  );
  return [...groupsBy(recorded, ({ reason }) => reason)].map(ofPeriod);
}

const remedy =
  'gatekeeper held list shows what is held. Look at each, then release or drop it: docs/refusals.md#held-mail says what the reason means.';

function ofNow([reason, group]: readonly [string, readonly HeldNow[]]): Finding {
  const { first, last } = reach(group.map(({ since }) => ({ first: since, last: since })));
  const count = group.length;
  return {
    ...{ reading: 'held mail', subject: reason },
    says: `${so(count, 'message')} ${count === 1 ? 'is' : 'are'} held since ${when(first)}: neither sent nor bounced.`,
    evidence: [`held: ${span(first, last)}`, sendersLine(group.map(({ sender }) => sender || '<>'))],
    remedy,
    ...{ count, first, last },
  };
}

function ofPeriod([reason, group]: readonly [string, readonly AdverseTally[]]): Finding {
  const { count, first, last } = totalOf(group);
  return {
    ...{ reading: 'held mail', subject: reason },
    says: `${so(count, 'message')} ${count === 1 ? 'was' : 'were'} held since ${when(first)}, neither sent nor bounced; some may have been released or dropped by now.`,
    evidence: [
      `held: ${span(first, last)}`,
      sendersLine(group.map(({ domain }) => (domain === '' ? '<>' : `of ${domain}`))),
    ],
    remedy: `On each host: ${remedy}`,
    ...{ count, first, last },
  };
}

function sendersLine(senders: readonly string[]): string {
  return `senders that they claim: ${few([...new Set(senders)])}`;
}
