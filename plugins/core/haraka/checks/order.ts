/** What says where a check stands among those of its stage. */
export interface Ordered {
  readonly name: string;
  readonly after?: readonly string[];
  readonly before?: readonly string[];
}

/**
 * Puts checks of one stage in the order that they declare; of those that may stand in any order the one comes first that is given
 * first. Throws an Error that names the checks which wait for each other. Names that nobody has are no condition.
 */
export function inOrder<Check extends Ordered>(checks: readonly Check[]): Check[] {
  const earlier = earlierThan(checks);
  const left = [...checks];
  const ordered: Check[] = [];
  while (left.length > 0) {
    const waiting = new Set(left.map(({ name }) => name));
    const at = left.findIndex(({ name }) => !(earlier.get(name) ?? []).some((other) => waiting.has(other)));
    if (at === -1) throw new Error(circleIn(left, earlier));
    ordered.push(...left.splice(at, 1));
  }
  return ordered;
}

/** The names that have to come before each. */
function earlierThan(checks: readonly Ordered[]): Map<string, string[]> {
  const earlier = new Map(checks.map(({ name, after = [] }) => [name, [...after]]));
  for (const { name, before = [] } of checks) {
    for (const other of before) earlier.get(other)?.push(name);
  }
  return earlier;
}

/** Of those that wait only some wait for each other: who follows whom that he waits for comes round to one of them. */
function circleIn(left: readonly Ordered[], earlier: ReadonlyMap<string, readonly string[]>): string {
  const waiting = new Set(left.map(({ name }) => name));
  const path: string[] = [];
  let at = left[0]?.name;
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = earlier.get(at)?.find((other) => waiting.has(other));
  }
  const circle = path.slice(at === undefined ? 0 : path.indexOf(at)).sort();
  return circle.length === 1
    ? `${circle[0]} waits for itself`
    : `${circle.join(' and ')} wait for each other`;
}
