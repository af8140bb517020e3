import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from '../core/readings/report.ts';
import type { Span } from './site.ts';

/** How long a report is shown again: who looks at one page after the other sees the same numbers. */
const keptMs = 15_000;

/** How long a newer one is waited for while there is an older one, and how old that may be. */
const patienceMs = 150;
const oldestMs = 600_000;

/** How often the overview is read while nobody asks: no longer than what is shown may be old. */
const readyMs = 300_000;

interface Known {
  report?: Report;
  /** When it was read, by a clock in milliseconds that only moves forward. */
  readAt: number;
  reading?: Promise<Report> | undefined;
}

/**
 * Reads a report once for all who ask for as much time at once or soon after. Of many events it takes longer than anybody waits for a
 * page: whoever asks meanwhile sees the one before, which says until when it has counted.
 */
export function remembered(
  read: (span: Span) => Promise<Report>,
  now: () => number,
): (span: Span) => Promise<Report> {
  const all = new Map<number, Known>();
  return (span) => {
    const length = span.until.getTime() - span.since.getTime();
    const known = all.get(length) ?? { readAt: -Infinity };
    all.set(length, known);
    const { report, readAt } = known;
    if (report && now() - readAt < keptMs) return Promise.resolve(report);
    const newer = (known.reading ??= readInto(known, () => read(span), now));
    if (!report || now() - readAt > oldestMs) return newer;
    return Promise.race([newer, delay(patienceMs, report)]);
  };
}

function readInto(known: Known, read: () => Promise<Report>, now: () => number): Promise<Report> {
  const reading = read().then((report) => {
    known.report = report;
    known.readAt = now();
    return report;
  });
  const forget = () => {
    known.reading = undefined;
  };
  reading.then(forget, forget);
  return reading;
}

/** Has the report that most look at read before they come; where it cannot be, who comes is told why. */
export function keepReady(report: () => Promise<unknown>): void {
  const read = () => void report().catch(() => undefined);
  read();
  setInterval(read, readyMs).unref();
}
