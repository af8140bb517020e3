import { begin, proceed } from '../../plugins/auth/exchange.ts';
import type { ExchangeSession, Step } from '../../plugins/auth/mechanisms/step.ts';

/** A session over TLS, whose directory has no verifiers, and whose settings no issuer of tokens. */
const plainSession: ExchangeSession = {
  scram: false,
  certificate: false,
  binding: undefined,
  tokens: undefined,
  nonce: () => 'nonce-of-server',
};

/** Plays the lines of a client: the argument of AUTH first. Gives what the exchange came to. */
export function play(...lines: readonly string[]): Step {
  return playIn(plainSession, ...lines);
}

/** The same in another session. */
export function playIn(session: ExchangeSession, ...lines: readonly string[]): Step {
  let step = begin(Buffer.from(lines[0] ?? ''), session);
  for (const line of lines.slice(1)) {
    if (step.kind !== 'challenge') throw new Error(`the exchange was over before ${line}`);
    step = proceed(step.exchange, Buffer.from(line));
  }
  return step;
}

/** What comes after a proof that is right; the proof itself where it is wrong. */
export function judged(step: Step): Step {
  if (step.kind !== 'proof') return step;
  const verification = step.judge();
  return verification.kind === 'account' ? step.proven(verification.account) : step;
}
