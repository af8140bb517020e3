import type { FileHandle } from 'node:fs/promises';

/** Octets that are read at once: most lines are shorter. */
const chunkBytes = 8 * 1024;

/** A part of a file that is no longer is read rather than searched. */
const shortBytes = 64 * 1024;

/** In octets; a longer line is no event. */
const longestLine = 1024 * 1024;

/**
 * Where in a file of lines those begin that are not known to be `isBefore`, by reading a few of them: of the lines of a file the
 * first ones are, and then none. A line that is neither counts among the others.
 */
export async function beginningOf(
  file: FileHandle,
  size: number,
  isBefore: (line: string) => boolean,
): Promise<number> {
  let [low, high] = [0, size];
  while (high - low > shortBytes) {
    const middle = Math.floor((low + high) / 2);
    const found = await lineBehind(file, middle, high);
    if (found && isBefore(found.line)) low = found.end;
    else high = middle;
  }
  return low;
}

/** The first line that begins behind a position, with where it ends; none where that is beyond `high`. */
async function lineBehind(
  file: FileHandle,
  position: number,
  high: number,
): Promise<{ line: string; end: number } | undefined> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const start = bytes.indexOf(0x0a) + 1;
    const end = start === 0 ? -1 : bytes.indexOf(0x0a, start);
    if (end !== -1) return { line: bytes.toString('utf8', start, end), end: position + end + 1 };
    const chunk = Buffer.alloc(Math.min(chunkBytes, high - position - bytes.length));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position + bytes.length);
    if (bytesRead === 0 || bytes.length > 2 * longestLine) return undefined;
    bytes = Buffer.concat([bytes, chunk.subarray(0, bytesRead)]);
  }
}
