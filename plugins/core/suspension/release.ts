import { drop, foldersIn, recoverReleases, release } from '../provenance/held.ts';
import { readRecord, recordName } from '../provenance/record.ts';
import type { Store } from '../store/store.ts';
import { heldMessages, type HeldMessage } from '../trail/held-messages.ts';
import { Suspensions } from './registry.ts';
import { forgetSigns } from './signs.ts';

/** What becomes of the mail of an account that is held. */
export type HeldMail = 'keep' | 'deliver' | 'drop';

/**
 * Lets an account send again, and does with its mail that is held as it is asked: how many messages there are. With `drop` what
 * it sent until now, and is in the queue still, is dropped when its turn comes.
 */
export async function releaseAccount(
  data: string,
  id: string,
  mail: HeldMail,
  withStore: (work: (store: Store) => Promise<void>) => Promise<unknown>,
): Promise<number> {
  await withStore((store) => forgetSigns(store, id, Date.now()));
  await new Suspensions(data).lift(id, mail === 'drop' ? new Date() : undefined);
  const folders = foldersIn(data);
  await recoverReleases(folders);
  const messages = (await heldMessages(folders)).filter((message) => isOf(message, id));
  for (const { name } of messages) {
    // With the record that it came with.
    if (mail === 'deliver') await release(folders, name);
    if (mail === 'drop') await drop(folders, name);
  }
  return messages.length;
}

function isOf({ state, note, file }: HeldMessage, id: string): boolean {
  if (state !== 'held' || note?.reason !== 'account-suspended' || typeof file === 'string') return false;
  const record = readRecord(file.header.notes[recordName]);
  return typeof record !== 'string' && record.origin.kind === 'identity' && record.origin.id === id;
}
