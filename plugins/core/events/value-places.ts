/** Values, each with its place among those that came. */
export class Places<T extends string | number> {
  readonly #places = new Map<T, number>();
  readonly #values: T[] = [];

  of(value: T): number {
    const known = this.#places.get(value);
    if (known !== undefined) return known;
    this.#places.set(value, this.#values.length);
    return this.#values.push(value) - 1;
  }

  at(place: number): T | undefined {
    return this.#values[place];
  }

  /** Where that of each place stands in order, octet by octet, as databases have it. */
  ranks(): readonly number[] {
    const octets = this.#values.map((value) => Buffer.from(String(value)));
    const order = [...octets.keys()].sort((one, other) =>
      Buffer.compare(octets[one] ?? Buffer.of(), octets[other] ?? Buffer.of()),
    );
    const ranks: number[] = [];
    for (const [rank, place] of order.entries()) ranks[place] = rank;
    return ranks;
  }
}
