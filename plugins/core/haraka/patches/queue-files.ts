import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, type Writable } from 'node:stream';
import { isAlive } from '../../alive.ts';
import { writeWhole } from '../../durable.ts';
import { messageOf } from '../../message-of.ts';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import type { Address, Plugin, QueuedMessage, QueuePiece } from '../types.ts';

/** Names of files of the queue that are being written begin so. */
const unfinished = '__tmp__.';

/** Puts files into the queue whole or not at all, and takes a message out of it only when what is left of it is there. */
export const queueFiles = definePatch({
  name: 'queue-files',
  reaches:
    '`process_delivery`, `build_todo` and `qfile` of outbound, `delete_dot_files` of outbound/queue.js, `split_to_new_recipients`, `temp_fail`, `data_stream` and `refcount` of messages in the queue',
  why: 'Where a file cannot be written, Haraka removes it and puts it into the queue at the same time: on a full disk one of fifty messages is taken, and lost. A message whose rest cannot be written it bounces, also to those who have it. A worker that starts removes what others are writing.',
  install(plugin) {
    const outbound = plugin.haraka_require('outbound');
    const restore = [
      replaceMethod(
        outbound,
        'process_delivery',
        () => (paths, piece, messages) => addToQueue(plugin, { paths, piece, messages }),
      ),
      replaceMethod(
        outbound.HMailItem.prototype,
        'split_to_new_recipients',
        (split) =>
          function (this: QueuedMessage, recipients, why, done) {
            // Haraka itself writes nothing then.
            if (recipients.length === this.todo.rcpt_to.length) split.call(this, recipients, why, done);
            else splitOff(plugin, this, recipients, done);
          },
      ),
      replaceMethod(
        plugin.haraka_require('outbound/queue'),
        'delete_dot_files',
        () => () => removeUnfinished(plugin),
      ),
    ];
    return () => restore.forEach((undo) => undo());
  },
  selfTest(plugin) {
    const { qfile } = plugin.haraka_require('outbound');
    expect('names of files that are being written', qfile.platformDOT === unfinished);
    expect('the process in the name of a file', writerOf(unfinished + qfile.name())?.pid === process.pid);
    expect('the header of a file to be written', headerOf(plugin) === '{"uuid":"throw-away"}');
    expect('a message to be split by whoever needs its file once more', refcountAfterSplit(plugin) === 2);
  },
});

interface Delivery {
  readonly paths: string[];
  readonly piece: QueuePiece;
  readonly messages: QueuedMessage[];
}

async function addToQueue(plugin: Plugin, { paths, piece, messages }: Delivery): Promise<void> {
  const { HMailItem } = plugin.haraka_require('outbound');
  const [path, file] = await writeFile(plugin, piece, (stream) => {
    piece.message_stream.pipe(stream, { dot_stuffed: false });
  });
  messages.push(new HMailItem(file, path, piece.notes));
  paths.push(path);
}

async function writeFile(
  plugin: Plugin,
  header: object,
  write: (stream: Writable) => void,
): Promise<[path: string, file: string]> {
  const outbound = plugin.haraka_require('outbound');
  const file = outbound.qfile.name();
  const folder = plugin.haraka_require('outbound/queue').queue_dir;
  try {
    const place = { folder, file, temporary: unfinished + file };
    const path = await writeWhole(place, (stream) => {
      outbound.build_todo(header, stream, () => {
        write(stream);
      });
    });
    return [path, file];
  } catch (error) {
    plugin.logerror(`${file} cannot be written into the queue: ${messageOf(error)}`);
    throw error;
  }
}

/** What is split off a message at the end of a try: Haraka does it for the deferred and the refused at once. */
interface Splits {
  underWay: number;
  /** Recipients of those that failed. */
  readonly failed: (readonly Address[])[];
}

const splitsOf = new WeakMap<QueuedMessage, Splits>();

function splitOff(
  plugin: Plugin,
  message: QueuedMessage,
  recipients: readonly Address[],
  done: (message: QueuedMessage) => void,
): void {
  const splits = splitsOf.get(message) ?? { underWay: 0, failed: [] };
  splitsOf.set(message, splits);
  splits.underWay += 1;
  const settle = () => {
    splits.underWay -= 1;
    if (splits.underWay === 0 && splits.failed.length > 0) keep(plugin, message, splits.failed.splice(0));
  };
  newMessage(plugin, message, recipients).then(
    (split) => {
      settle();
      done(split);
    },
    () => {
      splits.failed.push(recipients);
      settle();
    },
  );
}

async function newMessage(
  plugin: Plugin,
  message: QueuedMessage,
  recipients: readonly Address[],
): Promise<QueuedMessage> {
  const header = { ...message.todo, rcpt_to: recipients };
  const [path, file] = await writeFile(plugin, header, (stream) => {
    pipeline(message.data_stream(), stream, () => undefined);
  });
  const { HMailItem } = plugin.haraka_require('outbound');
  const split = new HMailItem(file, path, message.notes);
  await new Promise<void>((resolve) => {
    split.once('ready', resolve);
  });
  return split;
}

/**
 * The message stays as it is, and this process knows who has it already. Each failure has left one need of the file, of which
 * the next try has one.
 */
function keep(plugin: Plugin, message: QueuedMessage, failed: readonly (readonly Address[])[]): void {
  const recipients = failed.flat();
  const whom = recipients.map((each) => each.format()).join(', ');
  plugin.logcrit(
    `${message.filename} stays in the queue as it is, since what is left of it cannot be written: ${whom}`,
  );
  message.todo.rcpt_to = recipients;
  message.refcount -= failed.length - 1;
  message.temp_fail('What is left of the message cannot be written into the queue', {
    fail_recips: recipients,
  });
}

/** Files that nobody is writing any more. */
async function removeUnfinished(plugin: Plugin): Promise<void> {
  const folder = plugin.haraka_require('outbound/queue').queue_dir;
  for (const file of await readdir(folder)) {
    if (!file.startsWith(unfinished) || isBeingWritten(file)) continue;
    plugin.logwarn(`${file} was never finished, and is removed`);
    await rm(join(folder, file), { force: true });
  }
}

function isBeingWritten(file: string): boolean {
  const { pid, time } = writerOf(file) ?? {};
  if (pid === undefined || time === undefined) return false;
  // In a container the process before us may have had our number.
  return pid === process.pid ? time >= Math.floor(performance.timeOrigin) : isAlive(pid);
}

function writerOf(file: string): { pid: number; time: number } | undefined {
  const [time = '', , , pid = '', ...rest] = file.slice(unfinished.length).split('_');
  const isName = rest.length === 3 && /^\d+$/.test(time) && /^[1-9]\d*$/.test(pid);
  return isName ? { pid: Number(pid), time: Number(time) } : undefined;
}

/** The header that Haraka writes of a message, without its length. */
function headerOf(plugin: Plugin): string {
  let octets: Buffer = Buffer.alloc(0);
  const stream = { write: (chunk: Buffer) => (octets = chunk).length > 0 } as unknown as Writable;
  const header = { uuid: 'throw-away', message_stream: {} };
  plugin.haraka_require('outbound').build_todo(header, stream, () => undefined);
  const text = octets.subarray(4).toString();
  return octets.readUInt32BE(0) === Buffer.byteLength(text) ? JSON.stringify(JSON.parse(text)) : '';
}

/** What Haraka's own method does for all recipients of a message. */
function refcountAfterSplit(plugin: Plugin): number {
  const { prototype } = plugin.haraka_require('outbound').HMailItem;
  const message = Object.assign(Object.create(prototype) as QueuedMessage, {
    ...{ refcount: 1, todo: { rcpt_to: [] } },
  });
  let given: QueuedMessage | undefined;
  message.split_to_new_recipients([], 'a self-test', (split) => (given = split));
  return given === message ? message.refcount : 0;
}
