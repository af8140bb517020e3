const fewest = 64;

/** Pairs of whole numbers below 2^31, each with its place among those that came: a report has millions, and a `Map` would need a name for each. */
export class PairPlaces {
  #count = 0;
  #ones = new Int32Array(fewest);
  #others = new Int32Array(fewest);
  /** By a hash, the place of a pair and one more; 0 for none. Twice as long as there are places, so that the next free one is near. */
  #slots = new Int32Array(2 * fewest);

  of(one: number, other: number): number {
    const slot = this.#slotOf(one, other);
    const known = this.#slots[slot] ?? 0;
    if (known > 0) return known - 1;
    if (this.#count === this.#ones.length) return this.#grown().of(one, other);
    this.#ones[this.#count] = one;
    this.#others[this.#count] = other;
    this.#count += 1;
    this.#slots[slot] = this.#count;
    return this.#count - 1;
  }

  /** Where a pair is, or would be. */
  #slotOf(one: number, other: number): number {
    const mask = this.#slots.length - 1;
    const mixed = Math.imul(Math.imul(one, 0x9e3779b1) + other, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    for (;;) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place === -1 || (this.#ones[place] === one && this.#others[place] === other)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grown(): this {
    const [ones, others] = [this.#ones, this.#others];
    this.#ones = new Int32Array(2 * ones.length);
    this.#others = new Int32Array(2 * ones.length);
    this.#ones.set(ones);
    this.#others.set(others);
    this.#slots = new Int32Array(2 * this.#ones.length);
    for (const [place, one] of ones.entries()) this.#slots[this.#slotOf(one, others[place] ?? 0)] = place + 1;
    return this;
  }
}
