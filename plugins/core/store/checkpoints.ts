import { createRequire } from 'node:module';
import type LibsqlPromise from 'libsql/promise';

/** The log begins anew only when nothing was written during the last pass: the later ones take no time. */
const passes = 3;

/**
 * Moves what was written from the log of a SQLite database into its file, on a thread of the library's: that waits for the
 * disk, which nobody else should. Whatever fails is left to the next time.
 */
export class Checkpoints {
  readonly #file: string;
  #database: LibsqlPromise | undefined;
  #isUnderWay = false;
  #isClosed = false;

  constructor(file: string) {
    this.#file = file;
  }

  begin(): void {
    if (this.#isUnderWay || this.#isClosed) return;
    this.#isUnderWay = true;
    void this.#run();
  }

  close(): void {
    this.#isClosed = true;
    if (!this.#isUnderWay) this.#release();
  }

  async #run(): Promise<void> {
    try {
      this.#database ??= this.#open();
      const statement = (await this.#database.prepare('PRAGMA wal_checkpoint(PASSIVE)')) as {
        all(): Promise<unknown>;
      };
      for (let pass = 0; pass < passes; pass += 1) await statement.all();
    } catch {
      this.#release();
    }
    this.#isUnderWay = false;
    if (this.#isClosed) this.#release();
  }

  #open(): LibsqlPromise {
    const Database = createRequire(import.meta.url)('libsql/promise') as typeof LibsqlPromise;
    return new Database(this.#file, {});
  }

  #release(): void {
    try {
      this.#database?.close();
    } catch {
      // Broken already.
    }
    this.#database = undefined;
  }
}
