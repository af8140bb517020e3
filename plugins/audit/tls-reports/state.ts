import { z } from 'zod';
import { readState, writeState } from '../kept-state.ts';

const schema = z.object({
  v: z.literal(1),
  /** Beginning of the day (UTC) that is reported on, in milliseconds since 1970. */
  day: z.number(),
  /** Domains up to this one, in their order, are done, but for those in `left`. */
  upTo: z.string(),
  /** Whether all are. */
  isOver: z.boolean(),
  /** Domains that could not be told, and when they are tried again. */
  left: z.array(z.string()),
  again: z.number(),
});

/** How far the reports of a day are. */
export type Progress = Omit<z.infer<typeof schema>, 'v'>;

const file = 'tls-reports.json';

/** What a file in the data directory says of a day; the beginning, where it tells of another one. */
export function progressOf(data: string, day: number): Progress {
  const known = readState(data, file, schema);
  return known?.day === day ? known : { day, upTo: '', isOver: false, left: [], again: 0 };
}

/** Rejects where it cannot be written. */
export function noteProgress(data: string, progress: Progress): Promise<void> {
  return writeState(data, file, { v: 1, ...progress });
}
