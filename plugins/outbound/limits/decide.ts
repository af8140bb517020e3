import { mostOf, type LimitKey, type Limits } from '../../core/limits/limits.ts';
import { excessOf, type Amount, type Crossing, type Excess, type Use } from '../../core/limits/windows.ts';
import { defer, pass, refuse, type Verdict } from '../../core/verdict.ts';
import { waitText } from '../../core/wait-text.ts';

/** What is asked for first of a message: room for it, and for one recipient. */
const least: Amount = { messages: 1, recipients: 1 };

/** At MAIL: whether a message could be sent at all. `sent` counts those of this session. */
export function decideMessage(
  { uses, sent, size }: { readonly uses: readonly Use[]; readonly sent: number; readonly size?: number },
  limits: Limits,
  now: number,
): Verdict {
  const most = mostOf(limits, 'messages_per_session');
  if (sent >= most) {
    const told = `At most ${most} messages in one session. Begin another one.`;
    return defer('rate-limited', `messages_per_session: ${sent} of ${most} are used`, told);
  }
  return firstRefusal(
    size === undefined ? pass : decideSize(size, limits),
    decideAmount(uses, least, limits, now),
  );
}

/** At RCPT: whether a message may have so many recipients; of those that it has already nobody is refused. */
export function decideRecipient(uses: readonly Use[], count: number, limits: Limits, now: number): Verdict {
  const most = mostOf(limits, 'recipients_per_message');
  if (count > most) {
    // RFC 5321 §4.5.3.1.10: the client sends the message to the others in another transaction.
    const told = `At most ${most} recipients of one message. Send it to the others separately.`;
    return defer('too-many-recipients', `recipients_per_message: ${most} of ${most} are used`, told);
  }
  return decideAmount(uses, { messages: 1, recipients: count }, limits, now);
}

export function decideSize(bytes: number, limits: Limits): Verdict {
  const most = mostOf(limits, 'message_bytes');
  if (bytes <= most) return pass;
  return refuse(
    'message-too-large',
    `message_bytes: ${bytes}, with a limit of ${most}`,
    `At most ${most} octets.`,
  );
}

export function decideAmount(uses: readonly Use[], amount: Amount, limits: Limits, now: number): Verdict {
  const excess = excessOf(uses, amount, limits, now);
  return excess ? refusalOf(excess, amount) : pass;
}

function refusalOf({ key, most, used, window, waitMs }: Excess, amount: Amount): Verdict {
  const [thing, wanted] = key.startsWith('messages')
    ? ['messages', amount.messages]
    : ['recipients', amount.recipients];
  const because = `${key}: ${used} of ${most} are used, and ${wanted} wanted; the ${window.name} ends in ${Math.ceil(waitMs / 1000)} s`;
  return defer(
    'rate-limited',
    because,
    `At most ${most} ${thing} in one ${window.name}. ${waitText(waitMs)}`,
  );
}

/** What a message is beside what windows count. */
export interface Measures {
  readonly recipients: number;
  readonly bytes: number;
  /** Messages of the session with this one. */
  readonly sent: number;
}

/** The soft limits that a message goes beyond by itself, and that of its session. */
export function crossingsOfOne({ recipients, bytes, sent }: Measures, limits: Limits): readonly Crossing[] {
  const reached: readonly [LimitKey, number][] = [
    ['soft_recipients_per_message', recipients],
    ['soft_message_bytes', bytes],
    ['soft_messages_per_session', sent],
  ];
  return reached.flatMap(([key, count]) => {
    const most = mostOf(limits, key);
    return count > most ? [{ key, most, reached: count }] : [];
  });
}

function firstRefusal(...verdicts: readonly Verdict[]): Verdict {
  return verdicts.find(({ kind }) => kind !== 'pass') ?? pass;
}
