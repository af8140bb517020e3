import { resolve } from 'node:path';
import type { Instance } from '../events/open.ts';
import { foldersIn } from '../provenance/held.ts';
import { outgoingOf } from '../provenance/queue-file.ts';
import { heldMessages, sinceOf, type HeldMessage } from './held-messages.ts';

/** What a report says of a message that is held. */
export interface HeldNow {
  readonly reason: string;
  /** Whom it claims to be from; empty for the null sender, or where nobody can tell. */
  readonly sender: string;
  /** In milliseconds since 1970. */
  readonly since: number;
}

/** All mail that is held; `undefined` where nobody knows, since other hosts hold some too, or the folder cannot be read. */
export async function heldNow({ policy, harakaDirectory }: Instance): Promise<HeldNow[] | undefined> {
  if (policy.audit.store === 'postgresql') return undefined;
  try {
    const messages = await heldMessages(foldersIn(resolve(harakaDirectory, policy.data_directory)));
    return messages.filter(({ state }) => state === 'held').map(heldOf);
  } catch {
    return undefined;
  }
}

function heldOf(message: HeldMessage): HeldNow {
  const { note, file } = message;
  const isRead = typeof file !== 'string';
  return {
    reason: note?.reason ?? (isRead ? 'unknown' : 'unreadable-file'),
    sender: isRead ? outgoingOf(file.header).sender[0] : '',
    since: Date.parse(sinceOf(message)) || Date.now(),
  };
}
