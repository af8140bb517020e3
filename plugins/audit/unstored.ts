import { isWorker } from '../core/haraka/instance.ts';
import { hearWorkers, tellPrimary } from '../core/haraka/to-primary.ts';
import type { Plugin, Worker } from '../core/haraka/types.ts';

const name = 'gatekeeper.unstored';

/** Why a worker can keep no events now; absent from when it can again. */
interface Report {
  readonly event: typeof name;
  readonly because?: string;
}

const lookEveryMs = 250;

/** Why events cannot be kept, so that no mail is accepted; nothing where they can. */
export type Unstored = () => string | undefined;

/** The same of all processes: workers tell the primary. */
export function unstoredAnywhere(plugin: Plugin, unstored: Unstored): Unstored {
  if (isWorker()) {
    tellChanges(unstored);
    return unstored;
  }
  const inWorkers = new Map<Worker, string | undefined>();
  hearWorkers(plugin, name, (worker, message) => {
    inWorkers.set(worker, (message as Report).because);
  });
  return () => {
    for (const worker of inWorkers.keys()) if (!worker.isConnected()) inWorkers.delete(worker);
    return unstored() ?? [...inWorkers.values()].find((because) => because !== undefined);
  };
}

function tellChanges(unstored: Unstored): void {
  let told: string | undefined;
  setInterval(() => {
    const because = unstored();
    if (because === told) return;
    const message: Report = { event: name, ...(because !== undefined && { because }) };
    tellPrimary(message, (isSent) => {
      if (isSent) told = because;
    });
  }, lookEveryMs).unref();
}
