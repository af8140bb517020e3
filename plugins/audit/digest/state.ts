import { z } from 'zod';
import { readState, writeState } from '../kept-state.ts';

const schema = z.object({ v: z.literal(1), day: z.string() });
const file = 'digest.json';

/** The day whose digest was sent last, which a file in the data directory says; whatever else stands there says nothing. */
export function daySent(data: string): string | undefined {
  return readState(data, file, schema)?.day;
}

/** Rejects where it cannot be written. */
export function noteSent(data: string, day: string): Promise<void> {
  return writeState(data, file, { v: 1, day });
}
