import { begin, proceed } from '../../plugins/auth/exchange.ts';
import type { ExchangeSession, Step } from '../../plugins/auth/mechanisms/step.ts';

/** A session over TLS, whose directory has no verifiers. */
export const session: ExchangeSession = { scram: false, binding: undefined, nonce: () => 'nonce-of-server' };

/** Plays the lines of a client: the argument of AUTH first. Gives what the exchange came to. */
export function play(...lines: readonly string[]): Step {
  return playIn(session, (step) => step, ...lines);
}

/** The same in another session; `help` stands for those whom an exchange asks, such as the directory. */
export function playIn(
  inSession: ExchangeSession,
  help: (step: Step) => Step,
  ...lines: readonly string[]
): Step {
  let step = help(begin(Buffer.from(lines[0] ?? ''), inSession));
  for (const line of lines.slice(1)) {
    if (step.kind !== 'challenge') throw new Error(`the exchange was over before ${line}`);
    step = help(proceed(step.exchange, Buffer.from(line)));
  }
  return step;
}
