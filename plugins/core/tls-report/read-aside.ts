import type { StorePlace } from '../events/places.ts';
import { answerOf, beginThread } from '../thread.ts';
import type { DomainReport, TlsReportQuestion } from './read.ts';

/** What a thread is to read, and where. */
export interface TlsReportOrder extends TlsReportQuestion {
  readonly place: StorePlace;
}

/** Reads the reports of a day in a thread of its own, so that no mail waits for it. */
export function readTlsReportsAside(order: TlsReportOrder): Promise<readonly DomainReport[]> {
  return answerOf(beginThread(import.meta.url, './read-thread', { workerData: order }));
}
