import type { RecordData } from '../dns/dns.ts';
import { printable } from './octets.ts';
import type { SpfOutcome } from './result.ts';
import type { TracedCheck, TracedQuestion, TracedTerm } from './trace.ts';

/** The lines that tell a person how a result came about, harmless to a terminal. */
export function formatTrace({ result, lookups, trace, because, explanation }: SpfOutcome): string[] {
  const { terms, voids, queries } = lookups;
  return [
    ...formatCheck(trace),
    ...(because === undefined ? [] : [`${result} because: ${printable(because, 1024)}`]),
    ...(explanation === undefined ? [] : [`its explanation: ${printable(explanation, 1024)}`]),
    `asked the DNS ${queries} times, for ${terms} terms, ${voids} of them for nothing`,
  ];
}

function formatCheck(check: TracedCheck, indent = ''): string[] {
  const inner = `${indent}  `;
  return [
    ...check.questions.map((question) => `${indent}${formatQuestion(question)}`),
    ...(check.record === undefined ? [] : [`${indent}${printable(check.record, 1024)}`]),
    ...check.terms.flatMap((term) => formatTerm(term, inner)),
    ...(check.omitted > 0 ? [`${inner}(and ${check.omitted} terms more)`] : []),
    `${indent}${printable(check.domain)}: ${check.result ?? 'not finished'}`,
  ];
}

function formatTerm(term: TracedTerm, indent: string): string[] {
  const inner = `${indent}  `;
  const target = term.target === undefined ? '' : ` (${printable(term.target)})`;
  const verdict = term.matches === undefined ? '' : term.matches ? ': matches' : ': does not match';
  return [
    `${indent}${printable(term.term)}${target}${verdict}`,
    ...term.questions.map((question) => `${inner}${formatQuestion(question)}`),
    ...(term.check ? formatCheck(term.check, inner) : []),
  ];
}

function formatQuestion({ type, name, kind, records = [], more = 0 }: TracedQuestion): string {
  const shown = records.map((record) => printable(formatRecord(record)));
  const rest =
    more > 0 ? [type === 'TXT' ? `${more} ${more === 1 ? 'record' : 'records'}` : `${more} more`] : [];
  const list = [...shown, ...rest].join(', ');
  return `${type} ${printable(name)}: ${list === '' ? kind : list}`;
}

function formatRecord(record: RecordData['A' | 'MX']): string {
  return typeof record === 'string' ? record : `${record.preference} ${record.exchange}`;
}
