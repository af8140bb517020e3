import { parentPort, workerData } from 'node:worker_threads';
import { openPlace } from '../../core/events/places.ts';
import type { EventStore } from '../../core/events/store.ts';
import { messageOf } from '../../core/message-of.ts';
import { placeBefore, readBehind } from './read.ts';
import type { Answer, Question, ReadingData } from './reading.ts';

const { place, nodes } = workerData as ReadingData;

let store: EventStore | undefined;

/** One after the other. */
let last = Promise.resolve();

parentPort?.on('message', (question: Question | 'end') => {
  last = last.then(() => (question === 'end' ? end() : tell(question)));
});

async function tell(question: Question): Promise<void> {
  parentPort?.postMessage(await answerTo(question));
}

/** What fails is opened anew: another file may be in the place of the one that it was. */
async function answerTo(question: Question): Promise<Answer> {
  try {
    store ??= openPlace(place);
    if ('since' in question) return { place: await placeBefore(store, question.since) };
    const isMeant = ({ node }: { readonly node: string }) =>
      place.kind !== 'postgresql' || nodes.includes(node);
    return { read: await readBehind({ store, isMeant, isCounted: place.kind !== 'file' }, question.behind) };
  } catch (error) {
    await store?.close().catch(() => undefined);
    store = undefined;
    return { fault: messageOf(error) };
  }
}

async function end(): Promise<void> {
  await store?.close().catch(() => undefined);
  // Of this thread alone.
  process.exit();
}
