import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf } from '../message-of.ts';
import { foldersIn } from '../provenance/held.ts';
import { outgoingOf, readQueueFile, type QueueHeader } from '../provenance/queue-file.ts';
import { readRecord, recordName, type ProvenanceRecord } from '../provenance/record.ts';
import type { EventFields } from './fields.ts';
import { heldMessages } from './held-messages.ts';

/** Where a Haraka keeps what waits. */
interface Place {
  /** The parent of `config/`. */
  readonly dir: string;
  readonly settings: { readonly policy: { readonly data_directory: string } };
}

/** A message that has not left: it lies in Haraka's queue, or it is held. */
export interface Waiting {
  readonly where: 'queue' | 'held' | 'released';
  readonly file: string;
  /** Id of the piece. */
  readonly id: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly queued: string;
  readonly record?: ProvenanceRecord;
  /** When Haraka tries it next, and how often that has failed. */
  readonly next?: string;
  readonly failures?: number;
  /** Why it is held. */
  readonly why?: string;
}

/** What waits, and what could not be looked at, in words. */
export interface Look {
  readonly waiting: readonly Waiting[];
  readonly notes: readonly string[];
}

/** In a queue that is longer, the files beyond are not looked at. */
const mostFiles = 20_000;

/** Looks at all that waits on this host; files that leave meanwhile, and those that Haraka is writing, are passed over. */
export async function lookAtWaiting(place: Place, isWanted: Wanted): Promise<Look> {
  const looks = await Promise.all([
    lookInto('the queue', () => inQueue(place, isWanted)),
    lookInto('held mail', () => inHeld(place, isWanted)),
  ]);
  return {
    waiting: looks.flatMap(({ waiting }) => waiting),
    notes: looks.flatMap(({ notes }) => notes),
  };
}

type Wanted = (waiting: Waiting) => boolean;

async function lookInto(what: string, look: () => Promise<Look>): Promise<Look> {
  try {
    return await look();
  } catch (error) {
    return { waiting: [], notes: [`${what} cannot be read: ${messageOf(error)}`] };
  }
}

async function inQueue({ dir }: Place, isWanted: Wanted): Promise<Look> {
  const folder = await queueDirectory(dir);
  const names = (await readdir(folder)).filter((name) => /^\d+_\d+_\d+_/.test(name));
  const waiting: Waiting[] = [];
  for (const name of names.slice(0, mostFiles)) {
    const each = await readWaiting(join(folder, name), name);
    if (each && isWanted(each)) waiting.push(each);
  }
  const beyond = names.length - mostFiles;
  return { waiting, notes: beyond > 0 ? [`${beyond} files of the queue were not looked at`] : [] };
}

/** How many of the first so many files in the queue are messages without a record of ours; there are none where it cannot be read. */
export async function countUnrecorded(dir: string, most: number): Promise<number> {
  const folder = await queueDirectory(dir);
  const names = await readdir(folder).catch(() => []);
  let count = 0;
  for (const name of names.filter((each) => /^\d+_\d+_\d+_/.test(each)).slice(0, most)) {
    const waiting = await readWaiting(join(folder, name), name);
    if (waiting && !waiting.record) count += 1;
  }
  return count;
}

/** As Haraka finds it. */
async function queueDirectory(dir: string): Promise<string> {
  const named = await readFile(join(dir, 'config/queue_dir'), 'utf8').catch(() => '');
  return resolve(dir, named.trim() === '' ? 'queue' : named.trim());
}

async function readWaiting(file: string, name: string): Promise<Waiting | undefined> {
  const { header } = (await readQueueFile(file).catch(() => undefined)) ?? {};
  if (!header) return undefined;
  const [, next, failures] = name.split('_').map(Number);
  return {
    ...{ where: 'queue', file, ...partsOf(header) },
    ...(next !== undefined && { next: new Date(next).toISOString() }),
    ...(failures !== undefined && { failures }),
  };
}

async function inHeld({ dir, settings }: Place, isWanted: Wanted): Promise<Look> {
  const messages = await heldMessages(foldersIn(resolve(dir, settings.policy.data_directory)));
  const waiting = messages.flatMap(({ state, path: file, note, file: read }): Waiting[] => {
    if (typeof read === 'string') return [];
    const why = note && { why: `${note.reason}: ${note.detail}` };
    return [{ where: state, file, ...partsOf(read.header), ...why }];
  });
  return { waiting: waiting.filter(isWanted), notes: [] };
}

function partsOf(header: QueueHeader) {
  const { id, sender, recipients } = outgoingOf(header);
  const record = readRecord(header.notes[recordName]);
  return {
    ...{ id, sender: sender[0], recipients: recipients.map(([form]) => form) },
    queued: new Date(header.queue_time).toISOString(),
    ...(typeof record !== 'string' && { record }),
  };
}

/** What waits, in the words of an event. */
export function fieldsOf({ id, sender, recipients, record }: Waiting): EventFields {
  const origin = record?.origin;
  return {
    ...{ check: 'outbound/delivery', queue_id: id, sender, recipients },
    ...(record && { message_id: record.message_id, client: record.client, tls: record.tls }),
    ...(record && { tls_option: record.tls_option }),
    ...(origin?.kind === 'identity' && {
      ...{ identity: origin.name, identity_id: origin.id, proof: origin.proof },
      credential: origin.credential,
    }),
    ...(origin?.kind === 'bounce' && { bounce_of: origin.of }),
  };
}
