import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { recordUnreadable } from '../core/haraka/delivery.ts';
import { deliverFile } from '../core/haraka/patches/queue-again.ts';
import { currentSettings } from '../core/haraka/settings-in-force.ts';
import type { Plugin, QueuedMessage } from '../core/haraka/types.ts';
import { messageOf } from '../core/message-of.ts';
import { hold, type Folders } from '../core/provenance/held.ts';
import { readQueueFile } from '../core/provenance/queue-file.ts';
import { provenanceCheck as check } from './provenance.ts';

/** A file that Haraka could not read, and that is no wreck, is read again. */
const againMs = 60_000;

/**
 * A queue file without a header that can be read is nobody's mail that could leave: it is held, and `gatekeeper held` shows
 * and drops it. What only the disk or the process had no room for stays, and comes again.
 */
export async function holdUnreadable(
  plugin: Plugin,
  message: QueuedMessage,
  folders: Folders,
): Promise<void> {
  const { filename, path } = message;
  // Haraka itself has given some of them another name.
  const places = [path, join(dirname(path), `error.${filename}`)];
  try {
    const found = await Promise.all(places.map(async (file) => ({ file, what: await whatIsWrong(file) })));
    const here = found.find(({ what }) => what !== 'gone');
    const what = here?.what ?? whatHarakaFound(message);
    if (here && what !== undefined) {
      const detail = `the header of ${filename} cannot be read: ${what}`;
      await takeOut({ plugin, message, folders, file: here.file }, detail);
    } else if (here) readAgain(plugin, filename, 'Haraka could not read it');
  } catch (error) {
    readAgain(plugin, filename, messageOf(error));
  }
}

/** It has read the file, so that neither the disk nor the process is to blame. */
function whatHarakaFound(message: QueuedMessage): string | undefined {
  const { todo } = message as { readonly todo: unknown };
  return todo === null ? undefined : 'it names what Haraka takes for no address';
}

/** `undefined` where nothing is; rejects where that cannot be told now. */
async function whatIsWrong(file: string): Promise<string | undefined> {
  try {
    await readQueueFile(file);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'gone';
    if (code !== undefined) throw error;
    return messageOf(error);
  }
}

interface Wreck {
  readonly plugin: Plugin;
  readonly message: QueuedMessage;
  readonly folders: Folders;
  readonly file: string;
}

async function takeOut({ plugin, message, folders, file }: Wreck, detail: string): Promise<void> {
  const name = await hold(folders, file, {
    ...{ reason: 'unreadable-file', detail },
    since: new Date().toISOString(),
  });
  if (name === undefined) return;
  await rm(file);
  const settings = currentSettings();
  recordUnreadable({ check, plugin, message, settings, file: join(folders.held, name) }, detail);
}

function readAgain(plugin: Plugin, filename: string, why: string): void {
  plugin.logcrit(`${filename} stays in the queue, and is read again in ${againMs / 1000} s: ${why}`);
  setTimeout(() => {
    deliverFile(plugin, filename);
  }, againMs).unref();
}
