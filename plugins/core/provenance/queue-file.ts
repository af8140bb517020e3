import { closeSync, constants, openSync, readSync, type Stats } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { authorFields, authorsMark, headerIn } from '../message/author-fields.ts';
import type { Address, Outgoing } from './judge.ts';

/** Longer than any that Haraka writes: a record of a hundred thousand recipients has a few million octets. */
const longestHeader = 64 * 1024 * 1024;

/** Most headers are shorter. */
const firstOctets = 16 * 1024;

/** As Haraka writes an address; of a domain with other letters `host` has the A-labels. */
const address = z.looseObject({ user: z.string(), host: z.string(), original_host: z.string().optional() });

/** What is read of the header of a queue file; whatever else stands there stays. */
const header = z.looseObject({
  uuid: z.string().min(1),
  queue_time: z.number(),
  domain: z.string(),
  mail_from: address,
  rcpt_to: z.array(address).min(1),
  notes: z.looseObject({}),
});

export type QueueHeader = z.infer<typeof header>;

/** A file of Haraka's queue: four octets of length, a header in JSON, and the message. */
export interface QueueFile {
  readonly header: QueueHeader;
  /** Where the message begins. */
  readonly start: number;
  readonly size: number;
  /** When the file was linked or changed last. */
  readonly changed: Date;
}

/** Reads the header strictly; rejects when the file is none of Haraka's. */
export async function readQueueFile(path: string): Promise<QueueFile> {
  const file = await openFile(path);
  try {
    return await readHeader(file);
  } finally {
    await file.close();
  }
}

/** The first octets of the message in a queue file. */
export async function readMessage(path: string, { start, size }: QueueFile, most: number): Promise<string> {
  const file = await openFile(path);
  try {
    return (await readExactly(file, start, Math.min(most, size - start))).toString('utf8');
  } finally {
    await file.close();
  }
}

/** The mark of From and Sender in a queue file whose message begins at `start`. At once: Haraka has just read this file. */
export function authorsMarkIn(path: string, start: number): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return authorsMark(authorFields(headerFrom(file, start)));
  } finally {
    closeSync(file);
  }
}

function headerFrom(file: number, start: number, length = firstOctets): readonly string[] {
  const octets = Buffer.alloc(length);
  const read = readSync(file, octets, 0, length, start);
  const text = octets.toString('utf8', 0, read);
  const isWhole = read < length;
  return headerIn(isWhole ? `${text}\n\n` : text) ?? headerFrom(file, start, length * 4);
}

/** Gives a queue file another header, and leaves its owner, its mode and the message as they are. */
export async function rewriteHeader(
  path: string,
  change: (header: QueueHeader) => QueueHeader,
): Promise<void> {
  const from = await openFile(path);
  const temporary = `${path}.new`;
  try {
    const { header: before, start } = await readHeader(from);
    await rm(temporary, { force: true });
    const to = await open(temporary, 'wx', 0o600);
    try {
      await takeAfter(to, await from.stat());
      await to.write(headerOctets(change(before)));
      await copyFrom(from, start, to);
      await to.sync();
    } finally {
      await to.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await from.close();
  }
}

/** Whom a queue file is from and to, as Haraka would say it to one server or another. */
export function outgoingOf({ uuid, mail_from: sender, rcpt_to: recipients }: QueueHeader): Outgoing {
  return { id: uuid, sender: formsOf(sender), recipients: recipients.map(formsOf) };
}

function formsOf({ user, host, original_host: original = host }: z.infer<typeof address>): Address {
  if (user === '') return [''];
  return [withHost(user, original === '' ? host : original), withHost(user, host)];
}

function withHost(user: string, host: string): string {
  return host === '' ? user : `${user}@${host}`;
}

/** Follows no symbolic link: the command may run as root, and the folder is another's. */
async function openFile(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
}

async function readHeader(file: FileHandle): Promise<QueueFile> {
  const stats = await file.stat();
  const length = (await readExactly(file, 0, 4)).readUInt32BE();
  if (!stats.isFile() || length > longestHeader || length + 4 > stats.size) {
    throw new Error('it is no queue file: its header cannot be so long');
  }
  const read = header.safeParse(JSON.parse((await readExactly(file, 4, length)).toString('utf8')));
  if (read.data) return { header: read.data, start: length + 4, size: stats.size, changed: stats.ctime };
  const [issue] = read.error.issues;
  throw new Error(`its header cannot be read: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

async function readExactly(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const octets = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(octets, done, length - done, start + done);
    if (bytesRead === 0) throw new Error('it ends too early');
    done += bytesRead;
  }
  return octets;
}

function headerOctets(value: QueueHeader): Buffer {
  const text = Buffer.from(`\n${JSON.stringify(value, undefined, '\t')}\n`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

/** Root gives the file to whose it was; nobody else needs to. */
async function takeAfter(file: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  if (process.getuid?.() === 0) await file.chown(uid, gid);
  await file.chmod(mode & 0o777);
}

async function copyFrom(from: FileHandle, start: number, to: FileHandle): Promise<void> {
  const read = from.createReadStream({ start, autoClose: false });
  await pipeline(read, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) await to.write(chunk);
  });
}
