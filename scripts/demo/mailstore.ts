import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The envelope of a stored message, as its client gave it. */
export interface Envelope {
  readonly helo: string;
  readonly from: string;
  /** Parameters of MAIL, such as SIZE=1024. */
  readonly parameters: readonly string[];
  readonly to: readonly string[];
}

export interface StoredMessage {
  readonly name: string;
  readonly envelope: Envelope;
  /** Byte for byte what came, without dot-stuffing. */
  readonly bytes: Buffer;
}

/** Puts a message away and resolves to its name. */
export type Store = (envelope: Envelope, bytes: Buffer) => Promise<string>;

/** A folder of messages: NAME.json holds the envelope, NAME.eml the bytes. Whoever sees the .eml sees both whole. */
export function openStore(dir: string): Store {
  mkdirSync(dir, { recursive: true });
  let count = 0;
  return async (envelope, bytes) => {
    count += 1;
    const name = [new Date().toISOString().replace(/[:-]/g, ''), process.pid, count].join('-');
    const path = join(dir, name);
    await writeFile(`${path}.json`, `${JSON.stringify(envelope, null, 2)}\n`);
    await writeFile(`${path}.part`, bytes);
    await rename(`${path}.part`, `${path}.eml`);
    return name;
  };
}

/** What a store's folder holds, oldest first. */
export function readStore(dir: string): StoredMessage[] {
  const names = readdirSync(dir).filter((file) => file.endsWith('.eml'));
  return names.sort(byNumbers).map((file) => {
    const path = join(dir, file);
    const envelope = JSON.parse(readFileSync(path.replace(/\.eml$/, '.json'), 'utf8')) as Envelope;
    return { name: file.slice(0, -'.eml'.length), envelope, bytes: readFileSync(path) };
  });
}

/** So that message 10 of a millisecond comes after message 9. */
function byNumbers(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true });
}
