import { remedyFor, type Registry } from './remedies.ts';
import { refusalOf, totalOf, type AdverseTally, type Refusal } from './refusals.ts';
import type { Row, Section } from './report.ts';
import { count, firstAndLast, groupsBy, tableOf, text } from './words.ts';

/** What modes withheld: who would be refused if a policy were switched on. */
export function readWithheld(adverse: readonly AdverseTally[], registry: Registry, now: Date): Section {
  const withheld = adverse
    .filter(({ effect }) => effect === 'withheld')
    .map((tally) => ({ tally, refusal: refusalOf(tally) }));
  const rows = [...groupsBy(withheld, ({ refusal }) => subjectOf(refusal)).values()].map((group): Row => {
    const last = group.reduce((one, other) => (one.tally.last > other.tally.last ? one : other));
    const { check, reason, who, domain, reference, detail } = last.refusal;
    const total = totalOf(group.map(({ tally }) => tally));
    return {
      ...{ count: total.count, check, reason },
      who: who === '' ? domain || 'the null sender' : who,
      from: who === '' ? placeOf(group.map(({ refusal }) => refusal)) : '',
      example: detail === '' ? reference : `${reference}: ${detail}`,
      fix: remedyFor(last.refusal, registry, now),
      ...{ first: total.first, last: total.last },
    };
  });
  return {
    name: 'withheld',
    title: 'Would have been refused',
    about:
      'What a policy in observe mode let through and enforce would refuse. When nothing is left that you want, switch it on.',
    series: [],
    findings: [],
    noFindings: '',
    tables: [
      tableOf(
        {
          name: 'withheld',
          title: 'By check, reason and sender',
          about:
            'Refusals that the mode of a policy withheld, with one of them and what would let it through.',
          empty: 'Nothing would have been refused. Refusals stand here while a policy is set to observe.',
        },
        [
          count('count', 'times'),
          ...['check', 'reason', 'who', 'from', 'fix', 'example'].map((name) => text(name, name)),
          ...firstAndLast,
        ],
        rows.sort((one, other) => Number(other['count']) - Number(one['count'])),
      ),
    ],
  };
}

/** An account and the address that is not its own, wherever it comes from; else a domain and a network. */
function subjectOf({ check, reason, who, network, domain, detail }: Refusal): string {
  const whose = who === '' ? [domain, network] : [who, reason.endsWith('-not-owned') ? detail : ''];
  return JSON.stringify([check, reason, ...whose]);
}

/** The client, or its network where there were several. */
function placeOf(refusals: readonly Refusal[]): string {
  const clients = new Set(refusals.map(({ client }) => client));
  return (clients.size === 1 ? refusals[0]?.client : refusals[0]?.network) ?? '';
}
