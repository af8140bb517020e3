import type { GateFacts } from '../../core/haraka/facts/gate.ts';
import { limitsOf, type Limits } from '../../core/limits/limits.ts';
import { windowsOf, type Window } from '../../core/limits/windows.ts';
import type { Policy } from '../../core/settings/settings.ts';

/** Whose message it is, and by which limits. */
export interface Sender {
  readonly id: string;
  readonly limits: Limits;
  readonly windows: readonly Window[];
  /** What was accepted from the session. */
  readonly session: { sent: number };
}

/** `undefined` where nobody has logged in. */
export function senderOf(
  { identity, onceInSession }: Pick<GateFacts, 'identity' | 'onceInSession'>,
  { limits: defaults }: Policy,
): Sender | undefined {
  if (!identity) return undefined;
  const { id } = identity;
  const limits = limitsOf(defaults, identity.limits);
  const session = onceInSession(`outbound/limits ${id}`, () => ({ sent: 0 }));
  return { id, limits, windows: windowsOf(limits), session };
}
