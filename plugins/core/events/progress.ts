/** Places of the numbers that writer and thread share. */
const slots = { written: 0, failed: 1, changes: 2, end: 3 } as const;

/** How far a thread has come with the batches of its writer; both see the same, also where the event loop of one of them stands still. */
export class Progress {
  readonly shared: SharedArrayBuffer;
  readonly #slots: Int32Array;

  constructor(shared = new SharedArrayBuffer(4 * Object.keys(slots).length)) {
    this.shared = shared;
    this.#slots = new Int32Array(shared);
  }

  /** The last batch that is on disk. */
  get written(): number {
    return Atomics.load(this.#slots, slots.written);
  }

  /** Whether the process is at its end, which cuts off whatever is under way. */
  get isAtEnd(): boolean {
    return Atomics.load(this.#slots, slots.end) === 1;
  }

  tellEnd(): void {
    Atomics.store(this.#slots, slots.end, 1);
  }

  tellWritten(batch: number): void {
    this.#tell(slots.written, batch);
  }

  tellFailed(batch: number): void {
    this.#tell(slots.failed, batch);
  }

  /** Has this thread stand still until a batch is on disk, or cannot be, for so many milliseconds at most; whether it is on disk. */
  waitFor(batch: number, longestMs: number): boolean {
    const deadline = performance.now() + longestMs;
    for (;;) {
      // Read first: what is told from here on is a change, and ends the wait.
      const changes = Atomics.load(this.#slots, slots.changes);
      if (this.written >= batch) return true;
      const left = deadline - performance.now();
      if (left <= 0 || Atomics.load(this.#slots, slots.failed) >= batch) return false;
      Atomics.wait(this.#slots, slots.changes, changes, left);
    }
  }

  #tell(slot: number, batch: number): void {
    Atomics.store(this.#slots, slot, batch);
    Atomics.add(this.#slots, slots.changes, 1);
    Atomics.notify(this.#slots, slots.changes);
  }
}
