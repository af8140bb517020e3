import { messageOf } from './message-of.ts';
import {
  isPermanentReason,
  isTemporaryReason,
  type PermanentReason,
  type TemporaryReason,
} from './replies.ts';

/** What a policy says of one session, envelope or message. A policy decides; the core answers. */
export type Verdict =
  | { readonly kind: 'pass' }
  /** The rule does not apply here; counts as cleared. */
  | { readonly kind: 'skip'; readonly because: string }
  /**
   * A decision: 5xx. `detail` is the offending value, for the event and the log; `told` is told to the client behind the
   * text of the reply, and is printable US-ASCII.
   */
  | {
      readonly kind: 'refuse';
      readonly reason: PermanentReason;
      readonly detail?: string;
      readonly told?: string;
    }
  /** The world failed: 4xx, never a pass. `because` is for the event and the log, `told` as above. */
  | {
      readonly kind: 'defer';
      readonly reason: TemporaryReason;
      readonly because: string;
      readonly told?: string;
    };

export const pass: Verdict = { kind: 'pass' };

export function skip(because: string): Verdict {
  return { kind: 'skip', because };
}

export function refuse(reason: PermanentReason, detail?: string, told?: string): Verdict {
  return {
    kind: 'refuse',
    reason,
    ...(detail !== undefined && { detail }),
    ...(told !== undefined && { told }),
  };
}

export function defer(reason: TemporaryReason, because: string, told?: string): Verdict {
  return { kind: 'defer', reason, because, ...(told !== undefined && { told }) };
}

/** The verdict on a fault of our own: the client tries again, the log has the cause. */
export function ownFault(cause: unknown): Verdict {
  return defer('own-fault', messageOf(cause));
}

/** Whether a value that came from a policy, perhaps an integrator's in plain JavaScript, is a verdict at all. */
export function isVerdict(value: unknown): value is Verdict {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, reason, because, detail, told } = value as Readonly<Record<string, unknown>>;
  switch (kind) {
    case 'pass':
      return true;
    case 'skip':
      return typeof because === 'string';
    case 'refuse':
      return isPermanentReason(reason) && isOptionalText(detail) && isTold(told);
    case 'defer':
      return isTemporaryReason(reason) && typeof because === 'string' && isTold(told);
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
