import { join } from 'node:path';
import { definePatch, expect, replaceMethod } from '../patch.ts';
import type { Plugin } from '../types.ts';

let isLoaded = false;
let isInForce = true;

/** Puts messages into the queue of a Haraka that runs. */
export const queueAgain = definePatch({
  name: 'queue-again',
  reaches: '`init_queue`, `delivery_queue`, `qfile` and `HMailItem` of outbound',
  why: 'Haraka looks into the directory of its queue at its start only.',
  fallback: 'mail that is released leaves at the next start of Haraka',
  install(plugin) {
    const restore = replaceMethod(plugin.haraka_require('outbound'), 'init_queue', (init) => async (pid) => {
      await init(pid);
      isLoaded = true;
    });
    return () => {
      isInForce = false;
      restore();
    };
  },
  selfTest(plugin) {
    const { HMailItem, delivery_queue: queue } = plugin.haraka_require('outbound');
    expect('a queue of deliveries', typeof queue.push === 'function');
    expect('messages to be made of files', typeof HMailItem === 'function');
    const [arrival, next, attempts, pid, uid, counter, host] = queueFileName(plugin, 'ab12').split('_');
    const isTimed = arrival === next && Math.abs(Number(arrival) - Date.now()) < 1000;
    expect('a name for a file', isTimed && attempts === '0' && uid === 'ab12' && host !== undefined);
    expect('it to be of this process', Number(pid) === process.pid && Number(counter) >= 0);
  },
});

/** Whether the queue is loaded as it was at the start: a file that comes before that is found by Haraka itself, too. */
export function isQueueLoaded(isOnlyProcess: boolean): boolean {
  // Workers load what others have left, by their numbers.
  return isInForce && (isLoaded || !isOnlyProcess);
}

/** A name for a file of the queue, of a message that comes now. */
export function queueFileName(plugin: Plugin, uid: string): string {
  return plugin.haraka_require('outbound').qfile.name({ uid });
}

/** Has Haraka deliver a file that lies in its queue. */
export function deliverFile(plugin: Plugin, file: string): void {
  const { HMailItem, delivery_queue: queue } = plugin.haraka_require('outbound');
  queue.push(new HMailItem(file, join(plugin.haraka_require('outbound/queue').queue_dir, file)));
}
