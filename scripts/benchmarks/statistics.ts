/** The least, the middle and the most of some figures. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Throws for no figures at all: that is a measurement which did not happen. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  const [lower, upper] = [sorted[Math.floor(half)], sorted[Math.ceil(half)]];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined || lower === undefined || upper === undefined) {
    throw new RangeError('no figures');
  }
  return { min, median: (lower + upper) / 2, max };
}

/** How many times one is the other, round by round: what disturbs a round disturbs both. */
export function ratiosOf(figures: readonly number[], others: readonly number[]): Spread {
  if (figures.length !== others.length) throw new RangeError('figures of different rounds');
  return spreadOf(figures.map((figure, round) => figure / (others[round] ?? Number.NaN)));
}
