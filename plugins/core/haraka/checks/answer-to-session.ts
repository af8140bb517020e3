import { ownFault } from '../../verdict.ts';
import type { Refusal } from '../answer.ts';
import { connectionFacts } from '../facts/client.ts';
import { judge } from '../outcome.ts';
import { identityOf } from '../session.ts';
import { settingsFor } from '../transaction.ts';
import type { Connection } from '../types.ts';
import { decideNow } from './decide.ts';
import { checksOf } from './installed.ts';

/** Decides the stage `session` outside of a hook: the first refusal, not answered yet, or whether the client is known. */
export function answerToSession(connection: Connection): Refusal | 'known' | undefined {
  const settings = settingsFor(connection);
  const { policy } = settings;
  const identity = identityOf(connection, policy);
  for (const { check, plugin } of checksOf('session')) {
    const started = performance.now();
    const gather = () => connectionFacts({ plugin, connection, params: [], policy });
    const { answer, ...decided } = decideNow(check, { policy, identity, gather });
    const verdict = answer instanceof Promise ? ownFault('a session check must decide at once') : answer;
    const { refusal } = judge({ check, plugin, connection, verdict, started, settings, ...decided });
    if (refusal) return refusal;
  }
  return identity && 'known';
}
