import type { StorePlace } from '../events/places.ts';
import { asUnavailable } from '../events/store.ts';
import { answerOf, beginThread } from '../thread.ts';
import type { ReportQuestion } from './read-report.ts';
import type { Report } from './report.ts';

/** What a thread is to read, and where. */
export interface ReportOrder extends Required<Pick<ReportQuestion, 'since' | 'until' | 'settings' | 'held'>> {
  readonly place: StorePlace;
}

/** Reads a report in a thread of its own, so that nobody waits for it who does not ask; rejects with `EventsUnavailable`. */
export function readAside(order: ReportOrder): Promise<Report> {
  const thread = beginThread(import.meta.url, './report-thread', { workerData: order });
  return answerOf<Report>(thread).catch((error: unknown) => {
    // Between threads an error loses its class.
    throw asUnavailable(error);
  });
}
