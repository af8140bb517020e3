import { begin, proceed } from '../../plugins/auth/exchange.ts';
import type { ExchangeSession, Step } from '../../plugins/auth/mechanisms/step.ts';

/** A session over TLS, whose directory has no verifiers. */
const session: ExchangeSession = { scram: false, binding: undefined, nonce: () => 'nonce-of-server' };

/** Plays the lines of a client: the argument of AUTH first. Gives what the exchange came to. */
export function play(...lines: readonly string[]): Step {
  let step = begin(Buffer.from(lines[0] ?? ''), session);
  for (const line of lines.slice(1)) {
    if (step.kind !== 'challenge') throw new Error(`the exchange was over before ${line}`);
    step = proceed(step.exchange, Buffer.from(line));
  }
  return step;
}
