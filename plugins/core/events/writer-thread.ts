import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../message-of.ts';
import { Keeper } from './keeper.ts';
import { openPlace } from './places.ts';
import { Progress } from './progress.ts';
import { Spool } from './spool.ts';
import { setAside } from './sqlite.ts';
import { EventsUnavailable } from './store.ts';
import type { Answer, Order, ThreadData } from './writer.ts';

/** So often a store that failed is tried again for what is spooled. */
const tryAgainMs = 5000;

const { place, spoolFolder, formerFolders, isSpooling, shared } = workerData as ThreadData;
const progress = new Progress(shared);
const tell = (answer: Answer) => parentPort?.postMessage(answer);

const [spool, ...former] = [spoolFolder, ...formerFolders].map(
  (folder) => new Spool(folder, () => new Date()),
);

const keeper = new Keeper({
  open: () => openPlace(place),
  // Of the others none is ever found broken.
  setAside: ({ inode }) => (place.kind === 'sqlite' ? setAside(place.file, inode, new Date()) : undefined),
  spool: isSpooling ? spool : undefined,
  spooled: spool ? [spool, ...former] : former,
  alarm: (alarm) => tell({ alarm }),
  now: () => performance.now(),
});

/** One after the other, in the order in which they were sent. */
let last = Promise.resolve();
void keeper.takeSpooled();
setInterval(() => {
  // The end of the process would cut it off, in the middle of a step with an abort.
  if (!progress.isAtEnd) void keeper.tryAgain();
}, tryAgainMs);

parentPort?.on('message', (order: Order) => {
  // A part in each step: what comes meanwhile is kept in between.
  if ('limits' in order) void keeper.maintain(order.limits);
  else if ('isEnd' in order) last = last.then(end);
  else last = last.then(() => keepBatch(order.batch, order.text.split('\n')));
});

async function end(): Promise<void> {
  await keeper.close();
  // Of this thread alone.
  process.exit();
}

async function keepBatch(batch: number, lines: readonly string[]): Promise<void> {
  try {
    await keeper.keep(lines);
    progress.tellWritten(batch);
    tell({ batch });
  } catch (error) {
    progress.tellFailed(batch);
    const isFull = error instanceof EventsUnavailable && error.isFull;
    tell({ batch, fault: { message: messageOf(error), isFull } });
  }
}
