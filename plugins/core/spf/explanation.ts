import type { Evaluation, Finding } from './check.ts';
import { parseExplanation } from './macro-string.ts';
import { isName } from './octets.ts';
import type { TracedCheck } from './trace.ts';

/** A reply line of SMTP has 512 octets (RFC 5321 §4.5.3.1.5). */
const longestExplanation = 500;

/** What the domain that gave the fail says of it (RFC 7208 §6.2); any fault, and it says nothing. */
export async function explain(
  evaluation: Evaluation,
  finding: Finding,
  trace: TracedCheck,
): Promise<string | undefined> {
  if (finding.result !== 'fail' || !finding.record.explanation) return undefined;
  const { macros, lookups, tracer } = evaluation;
  const { text: modifier, target } = finding.record.explanation;
  const term = tracer.term(trace, modifier);
  try {
    const name = await macros.target(target, finding.domain, term);
    if (name === undefined || !isName(name)) return undefined;
    const answer = await lookups.ask(name, 'TXT', term);
    if (answer.kind !== 'records' || answer.records.length > 1) return undefined;
    const parts = parseExplanation(answer.records[0] ?? '');
    const text = await macros.text(parts, finding.domain, term, longestExplanation);
    // What macros bring may be anything; it goes into replies and logs.
    return text.replace(/[^\x20-\x7e]/g, '?');
  } catch {
    return undefined;
  }
}
