import { type Address, formatAddress } from './spf/address.ts';

/** Bits of an address of each family. */
const bits = { 4: 32, 6: 128 } as const;

/** Addresses from the first to the last, both included. */
interface Range {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** A set of IPv4 and IPv6 addresses, whatever networks it was made from. */
export class AddressSet {
  static readonly empty: AddressSet = new AddressSet([]);
  static readonly everybody: AddressSet = new AddressSet([whole(4), whole(6)]);
  /** In order, and none touches the next. */
  readonly #ranges: readonly Range[];

  private constructor(ranges: readonly Range[]) {
    this.#ranges = ranges;
  }

  /** The network (RFC 4632 §3.1) that has an address in it. */
  static network({ family, groups }: Address, prefix: number): AddressSet {
    const value = groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
    const size = 1n << BigInt(bits[family] - prefix);
    const first = value - (value % size);
    return new AddressSet([{ family, first, last: first + size - 1n }]);
  }

  static union(sets: readonly AddressSet[]): AddressSet {
    const ranges = sets.flatMap((set) => set.#ranges).sort(inOrder);
    const merged: Range[] = [];
    for (const range of ranges) {
      const before = merged.at(-1);
      if (before?.family !== range.family || before.last + 1n < range.first) merged.push(range);
      else if (before.last < range.last) merged[merged.length - 1] = { ...before, last: range.last };
    }
    return new AddressSet(merged);
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  /** Whether it has every address of a family. */
  hasAll(family: 4 | 6): boolean {
    const all = whole(family);
    return this.#ranges.some((each) => each.family === family && each.first === 0n && each.last === all.last);
  }

  /** Those of this set that the other has not. */
  minus(other: AddressSet): AddressSet {
    return new AddressSet(
      this.#ranges.flatMap((range) =>
        without(
          range,
          other.#ranges.filter((each) => overlaps(each, range)),
        ),
      ),
    );
  }

  /** As few networks as possible, as `ADDRESS/PREFIX`, an address alone without prefix. */
  networks(): string[] {
    return this.#ranges.flatMap(networksOf);
  }
}

function whole(family: 4 | 6): Range {
  return { family, first: 0n, last: (1n << BigInt(bits[family])) - 1n };
}

function inOrder(one: Range, other: Range): number {
  if (one.family !== other.family) return one.family - other.family;
  return one.first < other.first ? -1 : Number(one.first > other.first);
}

function overlaps(one: Range, other: Range): boolean {
  return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

/** What is left of a range without those that overlap it, which are in order. */
function without(range: Range, holes: readonly Range[]): Range[] {
  const left: Range[] = [];
  let { first } = range;
  for (const hole of holes) {
    if (first < hole.first) left.push({ ...range, first, last: hole.first - 1n });
    first = hole.last + 1n;
  }
  return first <= range.last ? [...left, { ...range, first }] : left;
}

function networksOf({ family, first, last }: Range): string[] {
  const networks: string[] = [];
  for (let at = first; at <= last;) {
    let prefix: number = bits[family];
    let size = 1n;
    while (prefix > 0 && at % (size * 2n) === 0n && at + size * 2n - 1n <= last) {
      prefix -= 1;
      size *= 2n;
    }
    const address = formatAddress({ family, groups: groupsOf(at, family) });
    networks.push(prefix === bits[family] ? address : `${address}/${prefix}`);
    at += size;
  }
  return networks;
}

function groupsOf(value: bigint, family: 4 | 6): number[] {
  const count = bits[family] / 16;
  return Array.from({ length: count }, (_, index) =>
    Number((value >> BigInt(16 * (count - 1 - index))) & 0xffffn),
  );
}
