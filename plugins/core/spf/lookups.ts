import { setImmediate } from 'node:timers/promises';
import type { Answer, Dns, DomainName, RecordData, RecordType } from '../dns/dns.ts';
import type { Deadline } from '../deadline.ts';
import { messageOf } from '../message-of.ts';
import type { SpfLimits } from './limits.ts';
import { foldAscii, isName, printable } from './octets.ts';
import { SpfError, type SpfLookups } from './result.ts';
import { traceQuestion, type TracedQuestion } from './trace.ts';

/** Where questions are written down. */
export interface Asker {
  readonly questions: TracedQuestion[];
}

/**
 * How much is read before others have their turn, in octets of text and in addresses. Answers from a cache come at once:
 * an evaluation of very large ones would hold up everybody's mail.
 */
const mostAtOnce = 16 * 1024;

/** A name that cannot exist is not asked for, and is no void lookup either. */
const impossible = { kind: 'nxdomain' } as const;

/** Asks the DNS for one evaluation: within its limits, and no question twice. */
export class Lookups {
  readonly #dns: Dns;
  readonly #limits: SpfLimits;
  readonly #deadline: Deadline;
  readonly #answers = new Map<string, Answer<RecordType>>();
  #terms = 0;
  #voids = 0;
  #lastVoid: Asker | undefined;
  #queries = 0;
  #readAtOnce = 0;

  constructor(dns: Dns, limits: SpfLimits, deadline: Deadline) {
    this.#dns = dns;
    this.#limits = limits;
    this.#deadline = deadline;
  }

  get counts(): SpfLookups {
    return { terms: this.#terms, voids: this.#voids, queries: this.#queries };
  }

  /** RFC 7208 §4.6.4: counts a term before it asks anything. */
  countTerm(text: string): void {
    if (this.#terms >= this.#limits.terms) {
      const problem = `more than ${this.#limits.terms} terms that ask the DNS`;
      throw new SpfError('permerror', `${problem}, at ${printable(text, 60)}`);
    }
    this.#terms += 1;
  }

  /** The answer, whatever it is. */
  async ask<T extends RecordType>(name: DomainName, type: T, asker: Asker): Promise<Answer<T>> {
    if (!isName(name)) return impossible;
    const folded = foldAscii(name);
    const key = `${type} ${folded}`;
    let answer = this.#answers.get(key) as Answer<T> | undefined;
    if (answer === undefined) {
      this.#countQuery();
      try {
        answer = await this.#dns.resolve(folded, type, this.#deadline);
      } catch (error) {
        answer = { kind: 'servfail', because: messageOf(error) };
      }
      // After the deadline nobody waits for it.
      this.#deadline.throwIfAborted();
      this.#answers.set(key, answer);
    }
    traceQuestion(asker, name, type, answer);
    this.#readAtOnce += sizeOf(answer);
    if (this.#readAtOnce > mostAtOnce) await this.#letOthersWork();
    return answer;
  }

  /** The records that a term needs. None is a void lookup (§4.6.4), trouble is a temperror (§5). */
  async records<T extends RecordType>(
    name: DomainName,
    type: T,
    asker: Asker,
  ): Promise<readonly RecordData[T][]> {
    const answer = await this.ask(name, type, asker);
    if (answer.kind === 'records') return answer.records;
    refuseTrouble(answer, name, type);
    if (answer !== impossible) this.#countVoid(name, asker);
    return [];
  }

  async #letOthersWork(): Promise<void> {
    this.#readAtOnce = 0;
    await setImmediate();
    this.#deadline.throwIfAborted();
  }

  #countQuery(): void {
    this.#deadline.throwIfAborted();
    if (this.#queries >= this.#limits.queries) {
      throw new SpfError('permerror', `more than ${this.#limits.queries} questions to the DNS`);
    }
    this.#queries += 1;
  }

  /** §4.6.4 counts terms: an "mx" with two names of no address is one. */
  #countVoid(name: DomainName, term: Asker): void {
    if (this.#lastVoid === term) return;
    this.#lastVoid = term;
    this.#voids += 1;
    if (this.#voids <= this.#limits.voids) return;
    const problem = `more than ${this.#limits.voids} terms that are answered with nothing`;
    throw new SpfError('permerror', `${problem}, at ${printable(name)}`);
  }
}

/** Throws where the answer is trouble, not a fact; also for a kind that this port should not know. */
export function refuseTrouble(answer: Answer<RecordType>, name: DomainName, type: RecordType): void {
  if (answer.kind === 'records' || answer.kind === 'no-data' || answer.kind === 'nxdomain') return;
  const problem = answer.kind === 'timeout' ? 'no answer in time' : printable(answer.because);
  throw new SpfError('temperror', `${problem}: ${type} ${printable(name)}`);
}

function sizeOf(answer: Answer<RecordType>): number {
  if (answer.kind !== 'records') return 0;
  const records: readonly unknown[] = answer.records;
  return records.reduce<number>((sum, record) => sum + (typeof record === 'string' ? record.length : 1), 0);
}
