import assert from 'node:assert/strict';
import { it } from 'node:test';
import { judgeChain } from '../../../plugins/core/dane/judge.ts';
import type { Tlsa } from '../../../plugins/core/dane/tlsa.ts';
import type { FailureType } from '../../../plugins/core/tls-failure.ts';
import type { Issued } from '../../support/certificates.ts';
import { derOf } from './records.ts';

/** The name that servers have in these tests. */
export const name = 'mx.corp.example';

export interface Case {
  readonly it: string;
  readonly shown: readonly (Issued | Buffer)[];
  readonly records: readonly Tlsa[];
  readonly names?: readonly string[];
  readonly inDays?: number;
  /** Absent: it is the right one. */
  readonly is?: FailureType | 'unauthenticated';
}

/** Each selector with each matching type. */
export const kinds = [0, 1].flatMap((selector) => [0, 1, 2].map((matching) => [selector, matching] as const));

/** One test for each. */
export function judgeAll(cases: readonly Case[]): void {
  for (const { it: what, shown, records, names = [name], inDays = 0, is } of cases) {
    void it(`${what}: ${is ?? 'is right'}`, () => {
      const now = new Date(Date.now() + inDays * 86_400_000);
      const presented = shown.map((each) => (Buffer.isBuffer(each) ? each : derOf(each)));
      const judged = judgeChain(presented, records, names, now);
      if (judged.isGood) assert.equal(judged.isAuthenticated ? undefined : 'unauthenticated', is);
      else assert.equal(judged.type, is, judged.why);
    });
  }
}
