import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { sync, writeWhole } from '../core/durable.ts';
import { giveLike, makeLikeAbove } from '../core/own-files.ts';

/** What a file in the data directory says; nothing where there is none, or where it says something else. */
export function readState<T>(data: string, file: string, schema: z.ZodType<T>): T | undefined {
  const path = join(data, file);
  if (!existsSync(path)) return undefined;
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    // A file that cannot be read is no reason to send each minute: writing it will fail, too.
    if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
    return undefined;
  }
}

/** It is on disk when it resolves, whole; rejects where it cannot be written. */
export async function writeState(data: string, file: string, state: object): Promise<void> {
  makeLikeAbove(data);
  const place = { folder: data, file, temporary: `${file}.${randomUUID()}` };
  const path = await writeWhole(place, (stream) => stream.end(`${JSON.stringify(state)}\n`));
  await giveLike(data, path);
  await sync(data);
}
