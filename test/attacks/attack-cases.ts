import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One of the cases of header confusion, as the file has it. */
export interface AttackCase {
  readonly id: string;
  readonly kind: 'attack' | 'legit';
  readonly tier: 'must' | 'hardening';
  readonly title: string;
  readonly auth_user: string;
  readonly mail_from: string;
  readonly mail_params: readonly string[];
  readonly rcpt_to: readonly string[];
  readonly headers_b64: string;
  readonly body: string;
  readonly client_dot_stuffs: boolean;
  readonly expected: {
    readonly verdict: 'accept' | 'reject';
    readonly stage: 'mail' | 'data';
    readonly code: number;
    readonly enhanced: string;
    readonly rule: string;
    readonly also_acceptable_replies?: readonly string[];
  };
}

export const { cases: attackCases } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'from-confusion.json'), 'utf8'),
) as { cases: readonly AttackCase[] };
