import { parentPort, workerData } from 'node:worker_threads';
import { openPlace } from '../events/places.ts';
import type { TlsReportOrder } from './read-aside.ts';
import { readTlsReports } from './read.ts';

const { place, ...question } = workerData as TlsReportOrder;

const store = openPlace(place);
const reports = await readTlsReports((query) => store.tallies(query), question);
await store.close();
parentPort?.postMessage(reports);
