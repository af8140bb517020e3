/** Numbers that look drawn by chance, and are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  of<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error('of nothing');
    return item;
  }

  /** How often, where it is this often in the mean (Poisson). */
  times(mean: number): number {
    if (mean > 30)
      return Math.max(
        0,
        Math.round(mean + Math.sqrt(mean) * (this.next() + this.next() + this.next() - 1.5) * 2),
      );
    let [count, product] = [0, this.next()];
    for (const least = Math.exp(-mean); product > least; product *= this.next()) count += 1;
    return count;
  }

  some<T>(items: readonly T[], count: number): T[] {
    const rest = [...items];
    return Array.from({ length: Math.min(count, items.length) }, () => {
      const [taken] = rest.splice(Math.floor(this.next() * rest.length), 1);
      if (taken === undefined) throw new Error('of nothing');
      return taken;
    });
  }
}
