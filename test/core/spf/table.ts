import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Zone } from '../../../scripts/demo/dns-zone.ts';
import { checkHost } from '../../../plugins/core/spf/check-host.ts';
import type { SpfLimits } from '../../../plugins/core/spf/limits.ts';
import type { SpfOutcome, SpfQuestion, SpfResult } from '../../../plugins/core/spf/result.ts';
import { memoryDns } from './memory-dns.ts';

/** What is asked, and what comes of it; what is not said is as in `usual`. */
export interface Row extends Partial<SpfQuestion> {
  readonly it: string;
  /** Of corp.example. */
  readonly spf?: string;
  /** What else there is. */
  readonly zone?: Zone;
  readonly limits?: Partial<SpfLimits>;
  readonly is: SpfResult;
  readonly because?: RegExp;
  readonly mechanism?: string | undefined;
  /** `none` where there is none. */
  readonly explanation?: string;
  /** All that the DNS is asked, in this order, after the record of corp.example. */
  readonly asks?: readonly string[];
  readonly lookups?: Partial<SpfOutcome['lookups']>;
}

export const usual: SpfQuestion = {
  ip: '192.0.2.1',
  sender: 'alice@corp.example',
  helo: 'mail.sender.test',
  receiver: 'mx.receiver.test',
};

/** One section of the RFC. */
export function table(section: string, rows: readonly Row[]): void {
  describe(section, () => {
    for (const row of rows) it(`${row.it}: ${row.is}`, () => examine(row));
  });
}

async function examine({ spf, zone = {}, limits, is, ...row }: Row): Promise<void> {
  const record = spf === undefined ? [] : [{ TXT: spf }];
  const dns = memoryDns({ ...zone, 'corp.example': [...record, ...(zone['corp.example'] ?? [])] });
  const question = { ...usual, ...row };
  const outcome = await checkHost(question, dns, limits);
  assert.equal(outcome.result, is, outcome.because);
  if (row.because) assert.match(outcome.because ?? '', row.because);
  if ('mechanism' in row) assert.equal(outcome.mechanism, row.mechanism);
  if (row.explanation !== undefined) assert.equal(outcome.explanation ?? 'none', row.explanation);
  if (row.asks) assert.deepEqual(dns.asked, [`TXT ${outcome.domain}`, ...row.asks]);
  assert.deepEqual({ ...outcome.lookups, ...row.lookups }, outcome.lookups);
}
