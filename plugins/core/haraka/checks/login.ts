import type { Policy } from '../../settings/settings.ts';
import type { AnyVerdict } from '../../verdict.ts';
import type { Refusal } from '../answer.ts';
import { authFacts, type AuthFacts, type Candidate } from '../facts/client.ts';
import { judge } from '../outcome.ts';
import { settingsFor, type Clearance } from '../transaction.ts';
import type { Connection } from '../types.ts';
import { deadlineSeconds, decideNow, withDeadline } from './decide.ts';
import { checksOf, type Installed } from './installed.ts';

/** What clears a login. */
export interface ClearedLogin {
  readonly clearances: ReadonlyMap<string, Clearance>;
  readonly refusal?: never;
}

/** A login may go on; or it is refused, and not answered yet. */
export type JudgedLogin = ClearedLogin | { readonly refusal: Refusal; readonly clearances?: never };

const nothing: ClearedLogin = { clearances: new Map() };

/** Decides the stage `auth` about who has proven to be an account; at once where there is nothing to decide. */
export function judgeLogin(
  connection: Connection,
  candidate: Candidate,
): ClearedLogin | Promise<JudgedLogin> {
  const installed = checksOf('auth');
  return installed.length === 0 ? nothing : judgeInTurn(installed, connection, candidate);
}

async function judgeInTurn(
  installed: readonly Installed[],
  connection: Connection,
  candidate: Candidate,
): Promise<JudgedLogin> {
  const clearances = new Map<string, Clearance>();
  for (const each of installed) {
    const { refusal, clearance } = await judgeOne(each, connection, candidate);
    if (refusal) return { refusal };
    if (clearance) clearances.set(each.check.name, clearance);
  }
  return { clearances };
}

async function judgeOne({ check, plugin }: Installed, connection: Connection, candidate: Candidate) {
  const started = performance.now();
  const settings = settingsFor(connection);
  const { policy } = settings;
  const { login } = candidate;
  const gather = (): AuthFacts => authFacts({ plugin, connection, params: [candidate], policy });
  const { answer, ...decided } = decideNow(check, { policy, identity: candidate.identity, gather });
  const verdict = await verdictOf(answer, policy, plugin);
  return judge({
    ...{ check, plugin, connection, verdict, started, settings, ...decided },
    ...(login !== undefined && { login }),
  });
}

async function verdictOf(
  answer: AnyVerdict | Promise<AnyVerdict>,
  policy: Policy,
  plugin: Installed['plugin'],
): Promise<AnyVerdict> {
  return new Promise((resolve) => {
    void withDeadline(answer, deadlineSeconds(policy, plugin), resolve);
  });
}
