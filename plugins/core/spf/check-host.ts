import { Deadline } from '../deadline.ts';
import type { Dns } from '../dns/dns.ts';
import { messageOf } from '../message-of.ts';
import { Evaluation, type Finding, longestTold } from './check.ts';
import { readClient } from './client.ts';
import { explain } from './explanation.ts';
import { limitsOf, type SpfLimits } from './limits.ts';
import { Lookups } from './lookups.ts';
import { printable } from './octets.ts';
import { SpfError, type SpfOutcome, type SpfQuestion } from './result.ts';
import { cut, type TracedCheck } from './trace.ts';

/** Whether a host may send for a domain: check_host() of RFC 7208 §4. Never rejects. */
export async function checkHost(
  question: SpfQuestion,
  dns: Dns,
  limits: Partial<SpfLimits> = {},
): Promise<SpfOutcome> {
  const check = new Check(question, dns, limitsOf(limits));
  return check.run();
}

/** A finding, or what ended the evaluation. */
type Ending = Finding | { readonly result: 'permerror' | 'temperror'; readonly because: string };

/** One evaluation with its deadline. */
class Check {
  readonly #question: SpfQuestion;
  readonly #limits: SpfLimits;
  readonly #deadline: Deadline;
  readonly #lookups: Lookups;
  readonly #trace: TracedCheck = { domain: '', questions: [], terms: [], omitted: 0 };
  /** Known before the explanation is. */
  #ending: Ending | undefined;

  constructor(question: SpfQuestion, dns: Dns, limits: SpfLimits) {
    this.#question = question;
    this.#limits = limits;
    this.#deadline = new Deadline(limits.timeout, () => new Error(`not done within ${limits.timeout} ms`));
    this.#lookups = new Lookups(dns, limits, this.#deadline);
  }

  /** The deadline holds even where the DNS port does not heed the signal. */
  run(): Promise<SpfOutcome> {
    return new Promise((resolve) => {
      this.#deadline.addEventListener('abort', () => {
        resolve(this.#outcome(this.#ending ?? endingOf(this.#deadline.reason)));
      });
      void this.#evaluate().then((outcome) => {
        this.#deadline.meet();
        resolve(outcome);
      });
    });
  }

  async #evaluate(): Promise<SpfOutcome> {
    try {
      const client = readClient(this.#question);
      this.#trace.domain = cut(client.domain, longestTold);
      const evaluation = new Evaluation(client, this.#lookups, this.#limits);
      const finding = await evaluation.check(client.domain, this.#trace);
      this.#ending = finding;
      return this.#outcome(finding, await explain(evaluation, finding, this.#trace));
    } catch (error) {
      return this.#outcome(endingOf(error));
    }
  }

  #outcome(ending: Ending, explanation?: string): SpfOutcome {
    this.#trace.result = ending.result;
    return {
      result: ending.result,
      domain: this.#trace.domain,
      ...('because' in ending ? { because: ending.because } : told(ending)),
      ...(explanation !== undefined && { explanation }),
      lookups: this.#lookups.counts,
      trace: this.#trace,
    };
  }
}

function told({
  record,
  directive,
}: Exclude<Finding, { result: 'none' }>): Pick<SpfOutcome, 'record' | 'mechanism'> {
  return {
    record: cut(record.text, longestTold),
    ...(directive && { mechanism: cut(directive.text, longestTold) }),
  };
}

/** What is not foreseen is our own fault, and says nothing of the sender. */
function endingOf(error: unknown): Ending {
  if (error instanceof SpfError) return { result: error.result, because: error.message };
  return { result: 'temperror', because: printable(messageOf(error)) };
}
