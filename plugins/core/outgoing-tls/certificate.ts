import { judgeChain } from '../dane/judge.ts';
import { faultOfCode, type TlsFault, type TlsRule } from './rule.ts';

/** What a server has shown, and what Node.js says of it. */
export interface Presented {
  /** DER, its own first. */
  readonly chain: readonly Buffer[];
  /** Of authorities that are trusted, and of the right name. */
  readonly isValid: boolean;
  /** Why it is not. */
  readonly code: string;
}

/** Why a certificate does not meet a rule; `undefined` where it does. */
export function certificateFault(
  { certificate }: TlsRule,
  { chain, isValid, code }: Presented,
): TlsFault | undefined {
  if (certificate === 'any') return undefined;
  if (certificate === 'valid') return isValid ? undefined : faultOfCode(code);
  const judgement = judgeChain(chain, certificate.records, certificate.names, new Date());
  return judgement.isGood ? undefined : { type: judgement.type, why: `${judgement.why} (DANE)` };
}
