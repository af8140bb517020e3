import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readState, writeState } from '../kept-state.ts';

const schema = z.object({
  v: z.literal(1),
  store: z.string(),
  place: z.int().min(0).optional(),
  isRead: z.boolean(),
  time: z.iso.datetime(),
  nodes: z.array(z.string()),
});

/** Where a sink goes on. */
export interface Standing {
  /** Which store `place` is one of. */
  readonly store: string;
  /** Of the last event that it has taken, or behind which it begins; absent where that has to be found by `time`. */
  readonly place?: number | undefined;
  /** Whether `time` is that of the event at `place`; else it is that from which on it wants events. */
  readonly isRead: boolean;
  readonly time: string;
  /** By which names this gateway was known, the newest last. */
  readonly nodes: readonly string[];
}

const fileOf = (name: string) => `${name}.json`;

/** In the data directory. */
const folderIn = (data: string) => join(data, 'sinks');

/** What a file in the data directory says; throws where it says something else, since events would be lost that it knew of. */
export function standingOf(data: string, name: string): Standing | undefined {
  const standing = readState(folderIn(data), fileOf(name), schema);
  const path = join(folderIn(data), fileOf(name));
  if (standing || !existsSync(path)) return standing;
  throw new Error(`${path} does not say where to go on: without it the sink begins with events from now on`);
}

/** It is on disk when it resolves; rejects where it cannot be written. */
export function noteStanding(data: string, name: string, standing: Standing): Promise<void> {
  return writeState(folderIn(data), fileOf(name), { v: 1, ...standing });
}
