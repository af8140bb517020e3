import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { sync } from '../durable.ts';
import { isAnotherAlive } from '../alive.ts';
import { filesIn, makeLike } from '../own-files.ts';
import { recordName, tlsOptionIn, type ProvenanceRecord } from './record.ts';
import { baseId } from './judge.ts';
import { outgoingOf, rewriteHeader, type QueueHeader } from './queue-file.ts';

/**
 * Mail that is held lies in the folder `held` of the data directory, each message under the beginning of the SHA-256 of its
 * queue file: a file that is held twice, as after a crash, is there once. Every step is one rename: whoever is killed has
 * done it or has not.
 */
export interface Folders {
  readonly held: string;
  /** Of those that the command is rewriting, `ID.PID`. */
  readonly releasing: string;
  /** Of those that wait for Haraka. */
  readonly released: string;
}

const named = /^[0-9a-f]{16}$/;
/** The last part is that of a file which is being written. */
const claimed = /^([0-9a-f]{16})\.(\d+)(\.\w+)?$/;

export function foldersIn(dataDirectory: string): Folders {
  const held = join(dataDirectory, 'held');
  return { held, releasing: join(held, 'releasing'), released: join(held, 'released') };
}

const note = z.object({ reason: z.string(), detail: z.string(), since: z.iso.datetime() });

/** Why a message is held, and since when. */
export type Note = z.infer<typeof note>;

/**
 * Puts a queue file into the folder as well, and gives the name that it has there; `undefined` when there is no such file
 * any more. The one in the queue is the caller's to remove.
 */
export async function hold({ held }: Folders, path: string, why: Note): Promise<string | undefined> {
  const name = await nameOf(path);
  if (name === undefined) return undefined;
  await mkdir(held, { recursive: true, mode: 0o700 });
  // Before the message: whoever sees that one finds this, too.
  await writeFile(noteFile(held, name), JSON.stringify(why), { mode: 0o600, flush: true });
  await linkOrCopy(path, join(held, name));
  await sync(held);
  return name;
}

/** The names of those that are held, or of those that were released and wait for Haraka. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await filesIn(folder)).filter((file) => named.test(file));
}

export async function noteOf({ held }: Folders, name: string): Promise<Note | undefined> {
  try {
    return note.parse(JSON.parse(await readFile(noteFile(held, name), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Who let a message go, and under which settings. */
export interface Release {
  readonly by: string;
  readonly time: string;
  readonly revision: string;
}

/**
 * Leaves a message that is held to Haraka; false when it is not there. With `by` it gets another record: what it had did not
 * prove it.
 */
export async function release(folders: Folders, name: string, by?: Release): Promise<boolean> {
  const { held, releasing, released } = folders;
  await makeLike(held, releasing);
  await makeLike(held, released);
  const claim = join(releasing, `${name}.${process.pid}`);
  if (!(await moved(join(held, name), claim))) return false;
  try {
    if (by) await rewriteHeader(claim, (header) => withRelease(header, by));
    await rename(claim, join(released, name));
  } catch (error) {
    await moved(claim, join(held, name));
    throw error;
  }
  await Promise.all([sync(held), sync(released)]);
  await rm(noteFile(held, name), { force: true });
  return true;
}

/** Removes a message that is held; false when it is not there. */
export async function drop({ held }: Folders, name: string): Promise<boolean> {
  try {
    await rm(join(held, name));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
  await rm(noteFile(held, name), { force: true });
  await sync(held);
  return true;
}

/** Takes back what commands had taken for themselves when they died; at the start of one. */
export async function recoverReleases({ held, releasing }: Folders): Promise<void> {
  await recoverIn(releasing, held);
}

/** The same of processes of Haraka's. */
export async function recoverTaken({ held, released }: Folders): Promise<void> {
  await recoverIn(held, held);
  await recoverIn(released, released);
}

async function recoverIn(folder: string, home: string): Promise<void> {
  for (const file of await filesIn(folder)) {
    const [, name = '', pid = '', unfinished] = claimed.exec(file) ?? [];
    if (name === '' || isAnotherAlive(Number(pid))) continue;
    if (unfinished === undefined) await moved(join(folder, file), join(home, name));
    else await rm(join(folder, file), { force: true });
  }
}

/**
 * Moves a message that was released into Haraka's queue, under a name that it gives; false when another process has taken
 * it.
 */
export async function takeReleased(
  { released }: Folders,
  name: string,
  queue: { readonly directory: string; readonly file: string },
): Promise<boolean> {
  const target = join(queue.directory, queue.file);
  try {
    if (!(await moved(join(released, name), target))) return false;
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error;
    // On another file system it takes two steps: who is killed between them sends it twice.
    const claim = join(released, `${name}.${process.pid}`);
    if (!(await moved(join(released, name), claim))) return false;
    await copyDurably(claim, target, join(queue.directory, `__tmp__.${queue.file}`));
    await rm(claim);
  }
  await sync(queue.directory);
  return true;
}

function withRelease(header: QueueHeader, { by, time, revision }: Release): QueueHeader {
  const { id, sender, recipients } = outgoingOf(header);
  const base = baseId(id);
  const option = tlsOptionIn(header.notes[recordName]);
  const record: ProvenanceRecord = {
    ...{ v: 1, id: base ?? id, origin: { kind: 'released', by } },
    ...{ sender: sender[0], recipients: [...new Set(recipients.flat())], time, revision },
    ...(option !== undefined && { tls_option: option }),
  };
  // Somebody may have given it an id that has no piece.
  const uuid = base === undefined ? `${id}.1` : id;
  return { ...header, uuid, notes: { ...header.notes, [recordName]: record } };
}

async function nameOf(path: string): Promise<string | undefined> {
  const digest = createHash('sha256');
  try {
    await pipeline(createReadStream(path), digest);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  return digest.digest('hex').slice(0, 16);
}

/** What a file system says that cannot link, or not so far, or not for this user. */
const unlinkable = ['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

async function linkOrCopy(path: string, target: string): Promise<void> {
  try {
    await link(path, target);
  } catch (error) {
    const code = codeOf(error) ?? '';
    // The same name is the same content.
    if (code === 'EEXIST') return;
    if (!unlinkable.includes(code)) throw error;
    await copyDurably(path, target, `${target}.${process.pid}.copy`);
  }
}

async function copyDurably(path: string, target: string, temporary: string): Promise<void> {
  try {
    await copyFile(path, temporary);
    await sync(temporary);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Whether there was something to move. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function noteFile(held: string, name: string): string {
  return join(held, `${name}.json`);
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
