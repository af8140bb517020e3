import { login } from './login.ts';
import { plain } from './plain.ts';
import { scram, scramPlus } from './scram.ts';
import type { ExchangeSession, Mechanism } from './step.ts';

/** All that there are, in the order of EHLO: what gives the least away stands first. */
const mechanisms: readonly Mechanism[] = [scramPlus, scram, plain, login];

/** Those that a session may use. */
export function offered(session: ExchangeSession): readonly Mechanism[] {
  return mechanisms.filter(({ isOffered }) => isOffered(session));
}
