import { resolve } from 'node:path';
import { matches, parseEvent, type EventFields, type EventFilter } from './event-filter.ts';
import type { Installation } from './installation.ts';
import { exitCode, Failure } from './output.ts';
import { RotatedLines } from './rotated-lines.ts';

/** Reads audit.file and its rotated files; throws `Failure` where they cannot be read, or where there is none. */
export async function readEvents<T>(
  { dir, settings }: Installation,
  read: (lines: RotatedLines) => Promise<T>,
): Promise<T> {
  const path = resolve(dir, settings.policy.audit.file);
  const lines = new RotatedLines(path);
  try {
    const result = await read(lines);
    if (!lines.isThere) throw new Failure(`no events yet: ${path} does not exist`, exitCode.no);
    return result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new Failure(`the events cannot be read: ${(error as Error).message}`, exitCode.unavailable);
  } finally {
    await lines.close();
  }
}

/** The events in lines that are asked for. A line that is none, such as the half that a full disk left, is passed over. */
export function choose(lines: readonly string[], filter: EventFilter): EventFields[] {
  return lines.flatMap((line) => {
    const event = parseEvent(line);
    return event && matches(event, filter) ? [event] : [];
  });
}
