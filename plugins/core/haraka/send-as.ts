/** What a plugin of this Haraka wants to be sent. */
export interface Mail {
  /** Envelope sender without angle brackets; empty for the null reverse-path. */
  readonly from: string;
  /** Envelope recipients. */
  readonly to: readonly string[];
  /** The whole message, header and body, as RFC 5322 has it; lines may end in LF alone. */
  readonly message: string;
}

/** What has become of it. */
export interface Sent {
  /** By which `gatekeeper trace` finds it. */
  readonly queueId: string;
}

/** Nothing was queued. The event and the log have the same reason and reference. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
  /** A key of the table of replies, such as `sender-not-owned`. */
  readonly reason: string;
  /** Whether it may be tried again later as it is. */
  readonly isTemporary: boolean;

  constructor(
    what: string,
    { reason, isTemporary }: { readonly reason: string; readonly isTemporary: boolean },
  ) {
    super(what);
    this.reason = reason;
    this.isTemporary = isTemporary;
  }
}

type Send = (name: string, mail: Mail) => Promise<Sent>;

let send: Send | undefined;

/** For the plugin that has the last gate: who else sends mail has to ask it. */
export function answerSendAs(answer: Send): void {
  send = answer;
}

/**
 * Sends a message as an entry of `internal_senders` of the settings, with its rights and limits, and under its name in all that
 * is recorded. Resolves once the message is on disk; rejects with `NotSent` where the entry may not send it, or cannot now.
 */
export async function sendAs(name: string, mail: Mail): Promise<Sent> {
  if (send) return send(name, mail);
  throw new NotSent('gatekeeper/outbound is not loaded: nobody sends mail', {
    reason: 'own-fault',
    isTemporary: true,
  });
}
