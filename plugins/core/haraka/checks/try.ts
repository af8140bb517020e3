import type { Mode } from '../../words.ts';
import { settingsSchema } from '../../settings/settings.ts';
import { replyFor } from '../../replies.ts';
import type { AnyVerdict } from '../../verdict.ts';
import type { ToldFacts, ToldStage } from '../facts/told.ts';
import { decideNow, withDeadline } from './decide.ts';
import { toldCheckOf } from './made.ts';
import type { DefinedCheck } from './of-others.ts';

/** What a check would come to. */
export interface Tried {
  readonly mode: Mode;
  /** 451 of the gateway, `own-fault`, where the check throws, hangs or says what is no verdict. */
  readonly verdict: AnyVerdict;
  /** What a client would hear, but for the reference and the operator's help text; absent where it may go on. */
  readonly reply?: string;
}

/** For tests of a check: decides as the gateway would about these facts, without any gateway, in the mode that it declares. */
export async function tryCheck<S extends ToldStage>(
  check: DefinedCheck<S>,
  facts: ToldFacts[S],
  deadlineSeconds = 1,
): Promise<Tried> {
  const made = toldCheckOf(check);
  const policy = emptyPolicy();
  const { mode, answer } = decideNow(made, { policy, identity: undefined, gather: () => facts });
  const verdict = await new Promise<AnyVerdict>((resolve) => {
    void withDeadline(answer, deadlineSeconds, resolve);
  });
  if (verdict.kind === 'pass' || verdict.kind === 'skip') return { mode, verdict };
  const { code, status, text } = replyFor(verdict.reason, made.replies);
  return { mode, verdict, reply: [code, status, text, ...(verdict.told ? [verdict.told] : [])].join(' ') };
}

function emptyPolicy() {
  return settingsSchema.parse({ roles: ['mx'] });
}
