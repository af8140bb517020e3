import type { Answer, RecordData, RecordType } from '../dns/dns.ts';

/** How one domain was checked: plain data, bounded, octets as they came. */
export interface TracedCheck {
  domain: string;
  questions: TracedQuestion[];
  /** The first 1,024 octets of it. */
  record?: string;
  terms: TracedTerm[];
  /** How many terms more were looked at, when there are too many to tell of. */
  omitted: number;
  result?: string;
}

/** How one term was evaluated. */
export interface TracedTerm {
  /** The first 256 octets of it. */
  term: string;
  /** The name that its macros expand to. */
  target?: string;
  questions: TracedQuestion[];
  /** Of "include" and "redirect". */
  check?: TracedCheck;
  /** Absent where the evaluation ended within the term. */
  matches?: boolean;
}

/** What the DNS was asked, and what it said. */
export interface TracedQuestion {
  type: RecordType;
  name: string;
  kind: Answer<RecordType>['kind'];
  /** The first ten; none of TXT. */
  records?: readonly RecordData['A' | 'MX'][];
  /** How many records more there are than are told. */
  more?: number;
}

/** Whoever writes a record decides how many terms it has. */
const mostTerms = 200;
const mostRecords = 10;

/** Writes down one evaluation. */
export class Tracer {
  #terms = 0;

  check(domain: string): TracedCheck {
    return { domain, questions: [], terms: [], omitted: 0 };
  }

  /** A term in its check, or beside it when there are too many. */
  term(check: TracedCheck, text: string): TracedTerm {
    const term: TracedTerm = { term: cut(text, 256), questions: [] };
    this.#terms += 1;
    if (this.#terms > mostTerms) check.omitted += 1;
    else check.terms.push(term);
    return term;
  }
}

export function cut(text: string, longest: number): string {
  return text.length > longest ? text.slice(0, longest) : text;
}

/** Writes a question and its answer down. */
export function traceQuestion<T extends RecordType>(
  at: { readonly questions: TracedQuestion[] },
  name: string,
  type: T,
  answer: Answer<T>,
): void {
  const question: TracedQuestion = { type, name, kind: answer.kind };
  at.questions.push(question);
  if (answer.kind !== 'records') return;
  const records = answer.records as readonly RecordData['A' | 'MX'][];
  const told = type === 'TXT' ? 0 : mostRecords;
  question.records = records.length > told ? records.slice(0, told) : records;
  if (records.length > told) question.more = records.length - told;
}
