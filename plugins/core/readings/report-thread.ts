import { parentPort, workerData } from 'node:worker_threads';
import { openPlace } from '../events/places.ts';
import type { ReportOrder } from './read-aside.ts';
import { readReport } from './read-report.ts';

const { place, since, until, settings, held } = workerData as ReportOrder;

const store = openPlace(place);
const report = await readReport((query) => store.tallies(query), {
  ...{ since, until, now: until, settings, held },
});
await store.close();
parentPort?.postMessage(report);
