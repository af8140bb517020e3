import { LRUCache } from 'lru-cache';
import { within } from '../deadline.ts';
import type { Answer } from '../dns/dns.ts';
import { messageOf } from '../message-of.ts';
import { StsCache, type KeptPolicy } from './cache.ts';
import { fetchPolicy, StsError, type StsFault, type StsFetching } from './fetch.ts';
import { asciiName, policyIdIn, type StsPolicy } from './policy.ts';

export interface MtaStsOptions extends StsFetching {
  readonly dataDirectory: string;
  /** What an administrator should hear of (RFC 8461 §3.3). */
  readonly log: (message: string) => void;
}

/** A domain has a policy that cannot be had: mail for it is sent as if it had none (§3.3). */
interface Unavailable {
  readonly kind: 'unavailable';
  readonly type: StsFault;
  readonly why: string;
}

/** What is known of the policy of a domain. */
export type StsResult =
  | {
      readonly kind: 'policy';
      readonly policy: StsPolicy;
      readonly id: string;
      /** It is an earlier one: the one that is published now could not be had. */
      readonly fault?: Unavailable;
    }
  /** No record, or none that can be used; `why` where the DNS did not say so. */
  | { readonly kind: 'none'; readonly why?: string }
  | Unavailable;

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** §3.3: so long nothing is fetched for the same id again. Also of what was had: a max_age of 0 must not have it fetched for each message. */
const againMs = 5 * minuteMs;

/** Who has no mail for so long has the policy expire, and not fetched anew for ever. */
const unusedMs = 60 * dayMs;

const mostAttempts = 500;

/** So many policies are fetched at once to keep them fresh. */
const lanes = 4;

interface Attempt {
  readonly id: string;
  readonly at: number;
  readonly outcome: Promise<Exclude<StsResult, { kind: 'none' }>>;
  isOver: boolean;
}

/** Finds the MTA-STS policies of recipients' domains (RFC 8461, the side that sends). */
export class MtaSts {
  readonly #options: MtaStsOptions;
  readonly #cache: StsCache;
  readonly #attempts = new LRUCache<string, Attempt>({ max: mostAttempts });

  constructor(options: MtaStsOptions) {
    this.#options = options;
    this.#cache = new StsCache(options.dataDirectory, options.log);
  }

  /**
   * The policy that is in force for mail to a domain, which is that of the recipient and none above it (§3.4). Asks for a new one each
   * time (§5.1), but believes nothing less of trouble than what it knows. Never rejects, and ends after twice the deadline at most.
   */
  async find(domain: string, now = new Date()): Promise<StsResult> {
    const name = asciiName(domain);
    if (name === undefined) return { kind: 'none' };
    const [kept, { id, why }] = await Promise.all([this.#inForce(name, now), this.#publishedId(name)]);
    if (kept) await this.#cache.use(kept, now);
    if (id === undefined || kept?.id === id)
      return kept ? policyOf(kept) : { kind: 'none', ...(why !== undefined && { why }) };
    const outcome = await this.#fetch(name, { id, now, used: now });
    if (outcome.kind === 'policy' || !kept) return outcome;
    this.#warn(kept, outcome);
    return { ...policyOf(kept), fault: outcome };
  }

  /**
   * Fetches anew what was fetched over a day ago, or expires within a day (§3.3), whatever the TXT record says, and forgets what has
   * expired. Never rejects; what fails is told.
   */
  async refresh(now = new Date()): Promise<void> {
    try {
      const due = await this.#due(now);
      await Promise.all(Array.from({ length: lanes }, () => this.#renewAll(due, now)));
    } catch (error) {
      this.#options.log(`MTA-STS policies cannot be kept fresh: ${messageOf(error)}`);
    }
  }

  /** Domains alone: together the policies may be large. */
  async #due(now: Date): Promise<string[]> {
    const due: string[] = [];
    for await (const kept of this.#cache.all()) {
      if (!isInForce(kept, now)) await this.#cache.remove(kept.domain);
      else if (isDue(kept, now)) due.push(kept.domain);
    }
    return due;
  }

  async #renewAll(due: string[], now: Date): Promise<void> {
    for (let domain = due.pop(); domain !== undefined; domain = due.pop()) {
      const kept = await this.#inForce(domain, now);
      if (kept) await this.#renew(kept, now);
    }
  }

  async #renew(kept: KeptPolicy, now: Date): Promise<void> {
    const { id = kept.id } = await this.#publishedId(kept.domain);
    const outcome = await this.#fetch(kept.domain, { id, now, used: kept.used });
    if (outcome.kind === 'unavailable') this.#warn(kept, outcome);
  }

  /** §3.3: nobody needs to hear of a policy that asks for nothing. */
  #warn({ domain, policy, fetched }: KeptPolicy, { type, why }: Unavailable): void {
    if (policy.mode === 'none') return;
    const until = new Date(fetched.getTime() + policy.maxAgeSeconds * 1000).toISOString();
    this.#options.log(
      `the MTA-STS policy of ${domain} cannot be fetched anew (${type}: ${why}); the last one is in force until ${until}`,
    );
  }

  async #inForce(domain: string, now: Date): Promise<KeptPolicy | undefined> {
    const kept = await this.#cache.read(domain);
    return kept && isInForce(kept, now) ? kept : undefined;
  }

  /** The id of the policy that is published now; `why` where nobody can tell whether there is one. */
  async #publishedId(domain: string): Promise<{ readonly id?: string | undefined; readonly why?: string }> {
    const { dns, milliseconds } = this.#options;
    const late = () => new Error('the DNS did not answer in time');
    try {
      const answer = await within(milliseconds, late, (deadline) =>
        dns.resolve(`_mta-sts.${domain}`, 'TXT', deadline),
      );
      return idOf(answer);
    } catch (error) {
      return { why: messageOf(error) };
    }
  }

  /** One at a time for each domain, and none again for an id that was tried a moment ago. */
  #fetch(domain: string, what: Wanted): Attempt['outcome'] {
    const last = this.#attempts.get(domain);
    if (last && (!last.isOver || isRecent(last, what))) return last.outcome;
    const outcome = this.#attempt(domain, what);
    const attempt: Attempt = { id: what.id, at: what.now.getTime(), outcome, isOver: false };
    this.#attempts.set(domain, attempt);
    void outcome.then(() => (attempt.isOver = true));
    return outcome;
  }

  async #attempt(domain: string, { id, now, used }: Wanted): Attempt['outcome'] {
    try {
      const policy = await fetchPolicy(domain, this.#options);
      await this.#cache.write({ domain, id, policy, fetched: now, used });
      return { kind: 'policy', policy, id };
    } catch (error) {
      const type = error instanceof StsError ? error.type : 'sts-policy-fetch-error';
      return { kind: 'unavailable', type, why: messageOf(error) };
    }
  }
}

interface Wanted {
  readonly id: string;
  readonly now: Date;
  /** When somebody asked for the policy. */
  readonly used: Date;
}

function isRecent(last: Attempt, { id, now }: Wanted): boolean {
  return last.id === id && Math.abs(now.getTime() - last.at) < againMs;
}

function idOf(answer: Answer<'TXT'>): { readonly id?: string | undefined; readonly why?: string } {
  switch (answer.kind) {
    case 'records':
      return { id: policyIdIn(answer.records) };
    case 'no-data':
    case 'nxdomain':
      return {};
    case 'servfail':
      return { why: answer.because };
    case 'timeout':
      return { why: 'the DNS did not answer in time' };
  }
}

function policyOf({ policy, id }: KeptPolicy) {
  return { kind: 'policy', policy, id } as const;
}

/** One that was fetched in the future was fetched by a clock that was wrong: it would be in force for as long. */
function isInForce({ fetched, policy }: KeptPolicy, now: Date): boolean {
  const age = now.getTime() - fetched.getTime();
  return age > -dayMs && age < policy.maxAgeSeconds * 1000;
}

function isDue({ fetched, policy, used }: KeptPolicy, now: Date): boolean {
  if (now.getTime() - used.getTime() > unusedMs) return false;
  const age = now.getTime() - fetched.getTime();
  return age > dayMs || policy.maxAgeSeconds * 1000 - age < dayMs;
}
