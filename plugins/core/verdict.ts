import { messageOf } from './message-of.ts';
import { classOf, type PermanentReason, type Replies, type TemporaryReason } from './replies.ts';

/**
 * What a policy says of one session, envelope or message, for reasons of the table of replies or of its own. A policy decides; the
 * core answers.
 */
export type VerdictFor<Permanent extends string, Temporary extends string> =
  | { readonly kind: 'pass' }
  /** The rule does not apply here; counts as cleared. */
  | { readonly kind: 'skip'; readonly because: string }
  /**
   * A decision: 5xx. `detail` is the offending value, for the event and the log; `told` is told to the client behind the
   * text of the reply, and is printable US-ASCII.
   */
  | {
      readonly kind: 'refuse';
      readonly reason: Permanent;
      readonly detail?: string;
      readonly told?: string;
    }
  /** The world failed: 4xx, never a pass. `because` is for the event and the log, `told` as above. */
  | {
      readonly kind: 'defer';
      readonly reason: Temporary;
      readonly because: string;
      readonly told?: string;
    };

/** One for reasons of the table. */
export type Verdict = VerdictFor<PermanentReason, TemporaryReason>;

/** One for any reasons, ours or not. */
export type AnyVerdict = VerdictFor<string, string>;

/** A decision. */
export type Refusal<Reason extends string> = Extract<VerdictFor<Reason, never>, { readonly kind: 'refuse' }>;
/** Trouble that may pass. */
export type Deferral<Reason extends string> = Extract<VerdictFor<never, Reason>, { readonly kind: 'defer' }>;

/** Nothing speaks against it. */
export const pass = { kind: 'pass' } as const satisfies Verdict;

/** The rule does not apply; the message may go on as after a pass. */
export function skip(because: string): { readonly kind: 'skip'; readonly because: string } {
  return { kind: 'skip', because };
}

/** `detail` is for the event and the log, `told` (printable US-ASCII) for the client, behind the text of the reply. */
export function refuse<Reason extends string>(
  reason: Reason,
  detail?: string,
  told?: string,
): Refusal<Reason> {
  return {
    kind: 'refuse',
    reason,
    ...(detail !== undefined && { detail }),
    ...(told !== undefined && { told }),
  };
}

/** `because` is for the event and the log, `told` as for `refuse`. */
export function defer<Reason extends string>(
  reason: Reason,
  because: string,
  told?: string,
): Deferral<Reason> {
  return { kind: 'defer', reason, because, ...(told !== undefined && { told }) };
}

/** The verdict on a fault of our own: the client tries again, the log has the cause. */
export function ownFault(cause: unknown): Verdict {
  return defer('own-fault', messageOf(cause));
}

/**
 * Whether a value that came from a policy, perhaps an integrator's in plain JavaScript, is a verdict at all; `own` are the replies
 * of the policy beside ours.
 */
export function isVerdict(value: unknown, own?: Replies): value is AnyVerdict {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, reason, because, detail, told } = value as Readonly<Record<string, unknown>>;
  switch (kind) {
    case 'pass':
      return true;
    case 'skip':
      return typeof because === 'string';
    case 'refuse':
      return classOf(reason, own) === '5' && isOptionalText(detail) && isTold(told);
    case 'defer':
      return classOf(reason, own) === '4' && typeof because === 'string' && isTold(told);
    default:
      return false;
  }
}

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

/** It becomes part of a reply line. */
function isTold(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && /^[\x20-\x7e]*$/.test(value));
}
