import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PairPlaces } from '../../../plugins/core/events/pair-places.ts';
import { Places } from '../../../plugins/core/events/value-places.ts';
import { hostile } from './sample-events.ts';

void describe('places of values and of pairs', () => {
  void it('are numbers from 0 on in the order in which they first came, the same for the same', () => {
    const number = fc.oneof(fc.nat(3), fc.nat(300), fc.nat(2 ** 31 - 1));
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number), { maxLength: 1000, size: 'max' }), (pairs) => {
        const [found, known] = [new PairPlaces(), new Map<string, number>()];
        for (const [one, other] of pairs) {
          const name = `${one} ${other}`;
          known.set(name, known.get(name) ?? known.size);
          assert.equal(found.of(one, other), known.get(name));
        }
      }),
    );
  });

  void it('of values are put in order octet by octet', () => {
    const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(fc.uniqueArray(text), (values) => {
        const places = new Places<string>();
        for (const value of values) places.of(value);
        const ranked: string[] = [];
        for (const [place, rank] of places.ranks().entries()) ranked[rank] = places.at(place) ?? '';
        const sorted = values.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
        assert.deepEqual(ranked.map(octets), sorted.map(octets));
      }),
    );
  });
});

/** Halves of characters are all the same there. */
function octets(text: string): string {
  return Buffer.from(text).toString('hex');
}
