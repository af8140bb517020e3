import { setTimeout as delay } from 'node:timers/promises';
import type { Directory } from '../core/directory/directory.ts';

const probeEveryMs = 60_000;

/** Asks a directory until it has answered once, as long as it is wanted: the log says why it does not. */
export async function probeUntilUp(directory: Directory, isWanted: () => boolean): Promise<void> {
  while (isWanted()) {
    const isUp = await directory.probe().then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await delay(probeEveryMs, undefined, { ref: false });
  }
}
