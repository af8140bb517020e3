import fc from 'fast-check';

/** One change to an answer; `at` and `count` are taken modulo what there is. */
type Change =
  | { readonly kind: 'set' | 'flip'; readonly at: number; readonly octet: number }
  | { readonly kind: 'remove' | 'repeat'; readonly at: number; readonly count: number }
  | { readonly kind: 'insert'; readonly at: number; readonly octets: Uint8Array }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'append'; readonly octets: Uint8Array };

const at = fc.nat(0xffff);
/** Tags, lengths and codes that mean something are more likely than others. */
const octet = fc.oneof(
  fc.nat(255),
  fc.constantFrom(0, 1, 2, 4, 10, 49, 0x30, 0x31, 0x61, 0x64, 0x65, 0x78, 0x80, 0x81, 0x84, 0xa0, 0xff),
);
const octets = fc.array(octet, { minLength: 1, maxLength: 12 }).map((all) => Uint8Array.from(all));
const count = fc.integer({ min: 1, max: 20 });

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constantFrom('set', 'flip'), at, octet }),
  fc.record({ kind: fc.constantFrom('remove', 'repeat'), at, count }),
  fc.record({ kind: fc.constant('insert'), at, octets }),
  fc.record({ kind: fc.constant('cut'), at }),
  fc.record({ kind: fc.constant('append'), octets }),
);

/** What makes of one answer another one, mostly a broken one. */
export const mutation: fc.Arbitrary<(answer: Buffer) => Buffer> = fc
  .array(change, { minLength: 1, maxLength: 3 })
  .map((changes) => {
    const mutate = (answer: Buffer): Buffer => changes.reduce(changed, answer);
    return Object.assign(mutate, { toString: () => JSON.stringify(changes) });
  });

function changed(answer: Buffer, given: Change): Buffer {
  if (given.kind === 'append') return Buffer.concat([answer, given.octets]);
  const place = answer.length === 0 ? 0 : given.at % answer.length;
  const [before, after] = [answer.subarray(0, place), answer.subarray(place)];
  switch (given.kind) {
    case 'set':
      return Buffer.concat([before, Buffer.from([given.octet]), after.subarray(1)]);
    case 'flip':
      return Buffer.concat([
        before,
        Buffer.from([(after[0] ?? 0) ^ (1 << (given.octet & 7))]),
        after.subarray(1),
      ]);
    case 'remove':
      return Buffer.concat([before, after.subarray(given.count)]);
    case 'repeat':
      return Buffer.concat([before, after.subarray(0, given.count), after]);
    case 'insert':
      return Buffer.concat([before, given.octets, after]);
    case 'cut':
      return before;
  }
}
