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

  /** Where that of each place stands in order, octet by octet in UTF-8, as databases have it. */
  ranks(): readonly number[] {
    const texts = this.#values.map(String);
    const order = [...texts.keys()].sort((one, other) => compared(texts[one] ?? '', texts[other] ?? ''));
    const ranks: number[] = [];
    for (const [rank, place] of order.entries()) ranks[place] = rank;
    return ranks;
  }
}

const surrogate = /[\ud800-\udfff]/;

/** Only characters beyond U+FFFF are in another order in UTF-16, as texts are compared here. */
function compared(one: string, other: string): number {
  if (surrogate.test(one) || surrogate.test(other))
    return Buffer.compare(Buffer.from(one), Buffer.from(other));
  return one < other ? -1 : Number(one > other);
}
