import {
  chownSync,
  createReadStream,
  createWriteStream,
  existsSync,
  rmSync,
  renameSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { dirname } from 'node:path';
import { sync } from '../durable.ts';
import { jsonLine } from '../json-line.ts';
import type { GatekeeperEvent } from './event.ts';
import type { LineFiles } from './line-files.ts';
import { erasureOf, renameBy } from './maintenance.ts';
import { withoutNames, withoutPerson } from './personal.ts';
import type { Erased, Limits, Maintained } from './store.ts';

/** What becomes of an event: itself, another, or nothing. */
type Change = (event: GatekeeperEvent) => GatekeeperEvent | undefined;

/**
 * A file that is written to is never changed, since others follow it: it is rotated, when its first line is old enough, and those
 * before it are written anew. `cleared` remembers those in which nobody is named any more.
 */
export async function maintainLines(
  files: LineFiles,
  key: string,
  { clearBefore, keepAfter, maxBytes }: Limits,
  cleared: Set<string>,
): Promise<Maintained> {
  const rename = renameBy(key);
  const oldest = Math.max(clearBefore.getTime(), keepAfter.getTime());
  const isOld = existsSync(files.path) && (await beginningOfFile(files.path)) < oldest;
  if (isOld || files.size > maxBytes) await rotate(files);
  const counts = { edited: 0, removed: 0 };
  const change: Change = (event) => {
    const time = Date.parse(event.time);
    if (time < keepAfter.getTime()) return undefined;
    return time < clearBefore.getTime() ? withoutNames(event, rename) : event;
  };
  const isDone = (path: string, begun: number) =>
    begun >= oldest || (cleared.has(idOf(path)) && begun >= keepAfter.getTime());
  for (const path of files.paths.slice(1)) {
    if (isDone(path, await beginningOfFile(path))) continue;
    const { edited, removed, isOver } = await rewrite(files, path, change, clearBefore);
    counts.edited += edited;
    counts.removed += removed;
    if (isOver && existsSync(path)) cleared.add(idOf(path));
  }
  counts.removed += await removeBeyond(files, maxBytes);
  return { pseudonymised: counts.edited, removed: counts.removed };
}

export async function eraseLines(files: LineFiles, key: string, names: readonly string[]): Promise<Erased> {
  const { person, rename } = erasureOf(key, names);
  await rotate(files);
  let events = 0;
  for (const path of files.paths.slice(1)) {
    const { edited } = await rewrite(files, path, (event) =>
      person.isNamedIn(event) ? withoutPerson(event, person, rename) : event,
    );
    events += edited;
  }
  return { events, tallies: 0 };
}

async function rotate(files: LineFiles): Promise<void> {
  await files.locked(() => {
    if ((statSync(files.path, { throwIfNoEntry: false })?.size ?? 0) > 0) files.rotate();
  });
}

/** The oldest files go first; events in the one that is written to stay. */
async function removeBeyond(files: LineFiles, maxBytes: number): Promise<number> {
  let removed = 0;
  while (files.size > maxBytes && files.paths.length > 1) {
    const [oldest = ''] = files.paths.slice(-1);
    removed += await countOf(oldest);
    rmSync(oldest);
  }
  return removed;
}

async function countOf(path: string): Promise<number> {
  let count = 0;
  for await (const line of linesOf(path)) count += eventIn(line) ? 1 : 0;
  return count;
}

interface Rewritten {
  readonly edited: number;
  readonly removed: number;
  /** Whether all that is left is older than asked. */
  readonly isOver: boolean;
}

/** Writes a file beside it, and puts that in its place, wherever rotation has moved it meanwhile. */
async function rewrite(
  files: LineFiles,
  path: string,
  change: Change,
  before = new Date(0),
): Promise<Rewritten> {
  const [id, temporary] = [idOf(path), `${files.path}.new`];
  const state = { edited: 0, removed: 0, isOver: true, kept: 0 };
  const output = createWriteStream(temporary, { mode: 0o640, flush: true });
  for await (const line of linesOf(path)) {
    const event = eventIn(line);
    const after = event && change(event);
    if (event && !after) {
      state.removed += 1;
      continue;
    }
    const text = after && after !== event ? jsonLine(after) : line;
    state.edited += text === line ? 0 : 1;
    state.kept += 1;
    if (event && Date.parse(event.time) >= before.getTime()) state.isOver = false;
    if (!output.write(`${text}\n`)) await once(output, 'drain');
  }
  output.end();
  await finished(output);
  await files.locked(() => put(files, temporary, id, state));
  await sync(dirname(files.path));
  return state;
}

function put(
  files: LineFiles,
  temporary: string,
  id: string,
  { edited, removed, kept }: { readonly edited: number; readonly removed: number; readonly kept: number },
): void {
  const path = files.paths.find((each) => existsSync(each) && idOf(each) === id);
  if (path === undefined || edited + removed === 0) {
    rmSync(temporary, { force: true });
    return;
  }
  const { uid, gid, atime, mtime } = statSync(path);
  if (process.getuid?.() === 0) chownSync(temporary, uid, gid);
  // By when it was last written readers tell which files they need.
  utimesSync(temporary, atime, mtime);
  renameSync(temporary, path);
  if (kept === 0) rmSync(path);
}

function idOf(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** When its first event fell. */
async function beginningOfFile(path: string): Promise<number> {
  for await (const line of linesOf(path)) {
    const event = eventIn(line);
    if (event) return Date.parse(event.time);
  }
  return Infinity;
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path), crlfDelay: Infinity });
}

/** A line that is no event, such as the half that a full disk left, is passed over. */
export function eventIn(line: string): GatekeeperEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<GatekeeperEvent> | null;
    return typeof event?.verdict === 'string' ? (event as GatekeeperEvent) : undefined;
  } catch {
    return undefined;
  }
}
