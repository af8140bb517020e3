import { isWorker } from '../core/haraka/instance.ts';
import { applyPatch } from '../core/haraka/patch.ts';
import { deliverFile, isQueueLoaded, queueAgain, queueFileName } from '../core/haraka/patches/queue-again.ts';
import { whenServing } from '../core/haraka/startup.ts';
import type { Plugin } from '../core/haraka/types.ts';
import { messageOf } from '../core/message-of.ts';
import { oncePerMinute } from '../core/once-per-minute.ts';
import { namesIn, recoverTaken, takeReleased } from '../core/provenance/held.ts';
import { heldFolders } from './delivery.ts';

/** Between two looks for mail that was released. */
const lookEveryMs = 1500;

/** Brings mail that the command has released back into the queue, within seconds or at the next start. */
export function takeBackReleased(plugin: Plugin): void {
  applyPatch(plugin, queueAgain);
  whenServing(plugin, () => void lookNowAndThen(plugin));
}

async function lookNowAndThen(plugin: Plugin): Promise<void> {
  const complain = oncePerMinute(() => performance.now());
  const attempt = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      complain(() => plugin.logcrit(`mail that was released does not leave: ${messageOf(error)}`));
    }
  };
  await attempt(() => recoverTaken(heldFolders()));
  const look = async () => {
    if (isQueueLoaded(!isWorker())) await attempt(() => takeAll(plugin));
    setTimeout(() => void look(), lookEveryMs).unref();
  };
  setTimeout(() => void look(), lookEveryMs).unref();
}

async function takeAll(plugin: Plugin): Promise<void> {
  const folders = heldFolders();
  const directory = plugin.haraka_require('outbound/queue').queue_dir;
  for (const name of await namesIn(folders.released)) {
    const file = queueFileName(plugin, name);
    if (!(await takeReleased(folders, name, { directory, file }))) continue;
    plugin.lognotice(`released: ${name} is in the queue again, as ${file}`);
    deliverFile(plugin, file);
  }
}
