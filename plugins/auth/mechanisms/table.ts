import { external } from './external.ts';
import { login } from './login.ts';
import { oauthbearer } from './oauthbearer.ts';
import { plain } from './plain.ts';
import { scram, scramPlus } from './scram.ts';
import type { ExchangeSession, Mechanism } from './step.ts';
import { xoauth2 } from './xoauth2.ts';

/** All that there are, in the order of EHLO: what gives the least away stands first. */
const mechanisms: readonly Mechanism[] = [external, scramPlus, scram, oauthbearer, xoauth2, plain, login];

/** Those that a session may use. */
export function offered(session: ExchangeSession): readonly Mechanism[] {
  return mechanisms.filter(({ isOffered }) => isOffered(session));
}
