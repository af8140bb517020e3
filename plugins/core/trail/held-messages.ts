import { join } from 'node:path';
import { messageOf } from '../message-of.ts';
import { namesIn, noteOf, type Folders, type Note } from '../provenance/held.ts';
import { readQueueFile, type QueueFile } from '../provenance/queue-file.ts';

/** A message that is held, or that was released and waits for Haraka. */
export interface HeldMessage {
  readonly name: string;
  readonly state: 'held' | 'released';
  readonly path: string;
  readonly note: Note | undefined;
  /** What cannot be read of it, in words, where it is no queue file. */
  readonly file: QueueFile | string;
}

/** All of them, the oldest first. */
export async function heldMessages(folders: Folders): Promise<HeldMessage[]> {
  const messages = await Promise.all([
    ...(await namesIn(folders.held)).map((name) => messageAt(folders, name, 'held')),
    ...(await namesIn(folders.released)).map((name) => messageAt(folders, name, 'released')),
  ]);
  return messages.sort((one, other) => sinceOf(one).localeCompare(sinceOf(other)));
}

async function messageAt(folders: Folders, name: string, state: HeldMessage['state']): Promise<HeldMessage> {
  const path = join(folders[state], name);
  const file = await readQueueFile(path).catch(messageOf);
  return { name, state, path, note: await noteOf(folders, name), file };
}

/** Since when it is held; empty where nothing says so. */
export function sinceOf({ note, file }: HeldMessage): string {
  return note?.since ?? (typeof file === 'string' ? '' : file.changed.toISOString());
}
