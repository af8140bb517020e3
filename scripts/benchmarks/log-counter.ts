import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const chunkSize = 1024 * 1024;
const patienceMs = 30_000;

/** Counts a text in a log that grows. */
export class LogCounter {
  readonly #file: string;
  readonly #text: string;
  #position = 0;
  #rest = '';
  #count = 0;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  /** How often it stands there now. */
  count(): number {
    const chunk = Buffer.alloc(chunkSize);
    const file = openSync(this.#file, 'r');
    try {
      for (let size; (size = readSync(file, chunk, 0, chunk.length, this.#position)) > 0;) {
        this.#position += size;
        this.#take(chunk.toString('latin1', 0, size));
      }
    } finally {
      closeSync(file);
    }
    return this.#count;
  }

  /** Resolves once it stands there so often; rejects when that does not happen, or when it does too often. */
  async reaches(wanted: number): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (this.count() < wanted && Date.now() < deadline) await pause(20);
    if (this.count() !== wanted) {
      throw new Error(`${this.#file} tells of ${this.#count} messages, ${wanted} were sent`);
    }
  }

  #take(text: string): void {
    const seen = this.#rest + text;
    const lines = seen.lastIndexOf('\n') + 1;
    this.#count += seen.slice(0, lines).split(this.#text).length - 1;
    this.#rest = seen.slice(lines);
  }
}
