import { isWorker } from '../../core/haraka/instance.ts';
import { hearWorkers, tellPrimary, whenLeaving } from '../../core/haraka/to-primary.ts';
import type { Plugin, Worker } from '../../core/haraka/types.ts';
import type { Amounts, Counts } from './counts.ts';

const name = 'gatekeeper.counted';

/** What a worker has counted since it last said so; and how it stands, which ends with it. */
interface Report {
  readonly event: typeof name;
  readonly amounts: Amounts;
  readonly waiting: number;
}

/** So much of what a worker has counted is lost when it is killed. */
const reportEveryMs = 250;

/** What waits in each process. */
export type Waiting = () => number;

/**
 * One truth for all workers: each sends what it has counted to the primary and forgets it, so that nothing is counted twice
 * and a worker that dies takes back nothing. Gives how much waits, in all processes.
 */
export function countTogether(plugin: Plugin, counts: Counts, waiting: Waiting): Waiting {
  if (isWorker()) {
    report(counts, waiting);
    return waiting;
  }
  const inWorkers = new Map<Worker, number>();
  hearWorkers(plugin, name, (worker, message) => {
    const { amounts, waiting: there } = message as Report;
    counts.addAll(amounts);
    inWorkers.set(worker, there);
  });
  return () => {
    for (const worker of inWorkers.keys()) if (!worker.isConnected()) inWorkers.delete(worker);
    return [...inWorkers.values()].reduce((sum, each) => sum + each, waiting());
  };
}

function report(counts: Counts, waiting: Waiting): void {
  let isUnderWay = false;
  let told = 0;
  const send = () => {
    const [amounts, now] = [counts.take(), waiting()];
    if (!amounts && now === told) return;
    isUnderWay = true;
    told = now;
    const message: Report = { event: name, amounts: amounts ?? {}, waiting: now };
    tellPrimary(message, (isSent) => {
      isUnderWay = false;
      if (!isSent) counts.addAll(message.amounts);
    });
  };
  // A primary that does not listen gets one message, not many.
  const sendUnlessUnderWay = () => {
    if (!isUnderWay) send();
  };
  const every = (milliseconds: number) => setInterval(sendUnlessUnderWay, milliseconds).unref();
  let timer = every(reportEveryMs);
  whenLeaving(() => {
    clearInterval(timer);
    timer = every(10);
  });
  process.on('exit', send);
}
