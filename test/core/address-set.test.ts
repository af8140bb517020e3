import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AddressSet } from '../../plugins/core/address-set.ts';
import { parseAddress4, parseAddress6 } from '../../plugins/core/spf/address.ts';

function network(text: string): AddressSet {
  const [address = '', prefix] = text.split('/');
  const parsed = parseAddress4(address) ?? parseAddress6(address);
  assert.ok(parsed, text);
  return AddressSet.network(parsed, Number(prefix ?? (parsed.family === 4 ? 32 : 128)));
}

function setOf(...texts: readonly string[]): AddressSet {
  return AddressSet.union(texts.map(network));
}

const unions = [
  { it: 'is one network of two halves', of: ['192.0.2.0/25', '192.0.2.128/25'], is: ['192.0.2.0/24'] },
  {
    it: 'swallows what is contained',
    of: ['192.0.2.7', '192.0.2.0/24', '192.0.2.64/26'],
    is: ['192.0.2.0/24'],
  },
  { it: 'keeps apart what does not touch', of: ['192.0.2.9', '192.0.2.7'], is: ['192.0.2.7', '192.0.2.9'] },
  {
    it: 'takes no neighbours for a network that is none',
    of: ['192.0.2.1', '192.0.2.2'],
    is: ['192.0.2.1', '192.0.2.2'],
  },
  {
    it: 'has the network of an address in it',
    of: ['192.0.2.77/24', '2001:db8::77/32'],
    is: ['192.0.2.0/24', '2001:db8::/32'],
  },
  { it: 'joins IPv6 networks', of: ['2001:db8:0::/48', '2001:db8:1::/48'], is: ['2001:db8::/47'] },
  { it: 'keeps the families apart', of: ['255.255.255.255', '::'], is: ['255.255.255.255', '::'] },
  { it: 'may be everybody', of: ['0.0.0.0/1', '128.0.0.0/1', '::/0'], is: ['0.0.0.0/0', '::/0'] },
  { it: 'may be nobody', of: [], is: [] },
];

const differences = [
  {
    it: 'leaves nothing of the same',
    of: ['192.0.2.0/24'],
    minus: ['192.0.2.0/25', '192.0.2.128/25'],
    is: [],
  },
  { it: 'leaves nothing of what is contained', of: ['192.0.2.9'], minus: ['192.0.2.0/24'], is: [] },
  {
    it: 'cuts a hole',
    of: ['192.0.2.0/29'],
    minus: ['192.0.2.2'],
    is: ['192.0.2.0/31', '192.0.2.3', '192.0.2.4/30'],
  },
  {
    it: 'cuts both ends',
    of: ['192.0.2.0/30'],
    minus: ['192.0.2.0', '192.0.2.3'],
    is: ['192.0.2.1', '192.0.2.2'],
  },
  {
    it: 'leaves the other family alone',
    of: ['2001:db8::/126'],
    minus: ['0.0.0.0/0'],
    is: ['2001:db8::/126'],
  },
  { it: 'cuts IPv6', of: ['2001:db8::/126'], minus: ['2001:db8::1'], is: ['2001:db8::', '2001:db8::2/127'] },
];

void describe('a set of addresses', () => {
  for (const { it: title, of, is } of unions) {
    void it(title, () => assert.deepEqual(setOf(...of).networks(), is));
  }
  for (const { it: title, of, minus, is } of differences) {
    void it(`${title}: ${of.join()} without ${minus.join()}`, () => {
      assert.deepEqual(
        setOf(...of)
          .minus(setOf(...minus))
          .networks(),
        is,
      );
    });
  }

  void it('knows when it has all of a family', () => {
    assert.deepEqual(
      [4, 6].map((family) => AddressSet.everybody.hasAll(family as 4 | 6)),
      [true, true],
    );
    assert.deepEqual(
      [4, 6].map((family) => setOf('0.0.0.0/0').hasAll(family as 4 | 6)),
      [true, false],
    );
    assert.equal(AddressSet.everybody.minus(setOf('192.0.2.1')).hasAll(4), false);
    assert.ok(AddressSet.empty.isEmpty);
  });

  const some = fc.array(
    fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
      .map(([n, p]) => `192.0.2.${n}/${p}`),
    { maxLength: 6 },
  );

  void it('has the addresses that it should, whatever it is made of', () => {
    const has = (set: AddressSet, address: string) => network(address).minus(set).isEmpty;
    fc.assert(
      fc.property(some, some, (these, those) => {
        const [one, other] = [setOf(...these), setOf(...those)];
        const rest = one.minus(other);
        assert.deepEqual(setOf(...rest.networks()).networks(), rest.networks());
        for (let last = 0; last < 256; last += 5) {
          const address = `192.0.2.${last}`;
          assert.equal(has(rest, address), has(one, address) && !has(other, address), address);
        }
      }),
      { numRuns: 50 },
    );
  });
});
