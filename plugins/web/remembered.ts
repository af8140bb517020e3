import { setTimeout as delay } from 'node:timers/promises';
import type { Report } from '../core/readings/report.ts';
import type { Span } from './site.ts';

/** How long a report is shown again: who looks at one page after the other sees the same numbers. */
const keptMs = 15_000;

/**
 * How long a newer one is waited for while there is an older one, by how long that one took: of few events what has just happened
 * is there at the first look, and of many nobody waits.
 */
const patienceMs = (tookMs: number) => (tookMs <= 500 ? 1000 : 100);

/** How old one may be that is shown, as a part of the time that it is about: ten minutes of a day, five hours of a month. */
const oldestPart = 1 / 144;

/** How often one is read while nobody asks: twice before it is too old. */
const readyPart = oldestPart / 2;

interface Known {
  report?: Report;
  /** When it was read, by a clock in milliseconds that only moves forward. */
  readAt: number;
  tookMs: number;
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
    const length = lengthOf(span);
    const known = all.get(length) ?? { readAt: -Infinity, tookMs: 0 };
    all.set(length, known);
    const { report, readAt } = known;
    if (report && now() - readAt < keptMs) return Promise.resolve(report);
    const newer = (known.reading ??= readInto(known, () => read(span), now));
    if (!report || now() - readAt > length * oldestPart) return newer;
    return Promise.race([newer, delay(patienceMs(known.tookMs), report)]);
  };
}

function readInto(known: Known, read: () => Promise<Report>, now: () => number): Promise<Report> {
  const begun = now();
  const reading = read().then((report) => {
    known.report = report;
    known.readAt = now();
    known.tookMs = known.readAt - begun;
    return report;
  });
  const forget = () => {
    known.reading = undefined;
  };
  reading.then(forget, forget);
  return reading;
}

/** Has reports read before somebody comes, one after the other; where one cannot be, who comes is told why. */
export function keepReady(report: (span: Span) => Promise<unknown>, spans: readonly (() => Span)[]): void {
  let last: Promise<unknown> = Promise.resolve();
  for (const span of spans) {
    const read = () => {
      last = last.then(() => report(span())).catch(() => undefined);
    };
    read();
    setInterval(read, lengthOf(span()) * readyPart).unref();
  }
}

function lengthOf({ since, until }: Span): number {
  return until.getTime() - since.getTime();
}
