import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inOrder, type Ordered } from '../../../../plugins/core/haraka/checks/order.ts';

const names = (checks: readonly Ordered[]) =>
  inOrder(checks)
    .map(({ name }) => name)
    .join(' ');

const orders: readonly {
  readonly it: string;
  readonly given: readonly Ordered[];
  readonly decide: string;
}[] = [
  { it: 'nothing to put in order', given: [], decide: '' },
  {
    it: 'no conditions: as given',
    given: [{ name: 'b/b' }, { name: 'a/a' }, { name: 'c/c' }],
    decide: 'b/b a/a c/c',
  },
  { it: 'one after another', given: [{ name: 'a/a', after: ['b/b'] }, { name: 'b/b' }], decide: 'b/b a/a' },
  { it: 'one before another', given: [{ name: 'a/a' }, { name: 'b/b', before: ['a/a'] }], decide: 'b/b a/a' },
  {
    it: 'the same condition said twice, from both sides',
    given: [
      { name: 'a/a', after: ['b/b'] },
      { name: 'b/b', before: ['a/a'] },
    ],
    decide: 'b/b a/a',
  },
  {
    it: 'one between two others',
    given: [
      { name: 'last/one' },
      { name: 'first/one' },
      { name: 'own/x', after: ['first/one'], before: ['last/one'] },
    ],
    decide: 'first/one own/x last/one',
  },
  {
    it: 'a chain that is given backwards',
    given: [
      { name: 'a/a', after: ['b/b'] },
      { name: 'b/b', after: ['c/c'] },
      { name: 'c/c', after: ['d/d'] },
      { name: 'd/d' },
    ],
    decide: 'd/d c/c b/b a/a',
  },
  {
    it: 'two ways round to the same check',
    given: [
      { name: 'end/one', after: ['left/one', 'right/one'] },
      { name: 'right/one', after: ['start/one'] },
      { name: 'left/one', after: ['start/one'] },
      { name: 'start/one' },
    ],
    decide: 'start/one right/one left/one end/one',
  },
  {
    it: 'one that waits holds up nobody else, and comes as soon as it may',
    given: [{ name: 'a/a', after: ['c/c'] }, { name: 'b/b' }, { name: 'c/c' }, { name: 'd/d' }],
    decide: 'b/b c/c a/a d/d',
  },
  {
    it: 'names that nobody has',
    given: [
      { name: 'a/a', after: ['no/one'], before: ['no/body'] },
      { name: 'b/b', after: ['constructor'] },
    ],
    decide: 'a/a b/b',
  },
];

void describe('checks of a stage decide in the order that they declare', () => {
  for (const { it: title, given, decide } of orders) {
    void it(title, () => {
      const before = structuredClone(given);
      assert.equal(names(given), decide);
      assert.deepEqual(given, before, 'what was declared stays as it is');
    });
  }
});

const circles: readonly {
  readonly it: string;
  readonly given: readonly Ordered[];
  readonly says: string;
}[] = [
  {
    it: 'two after each other',
    given: [
      { name: 'a/a', after: ['b/b'] },
      { name: 'b/b', after: ['a/a'] },
    ],
    says: 'a/a and b/b wait for each other',
  },
  {
    it: 'two before each other',
    given: [
      { name: 'a/a', before: ['b/b'] },
      { name: 'b/b', before: ['a/a'] },
    ],
    says: 'a/a and b/b wait for each other',
  },
  {
    it: 'one both after and before another',
    given: [{ name: 'b/b', after: ['a/a'], before: ['a/a'] }, { name: 'a/a' }],
    says: 'a/a and b/b wait for each other',
  },
  {
    it: 'three in a circle, and not those that only wait for them or have come before',
    given: [
      { name: 'free/one' },
      { name: 'waits/too', after: ['x/x'] },
      { name: 'z/z', after: ['free/one', 'y/y'] },
      { name: 'y/y', after: ['x/x'] },
      { name: 'x/x', after: ['z/z'] },
    ],
    says: 'x/x and y/y and z/z wait for each other',
  },
  {
    it: 'one that comes after itself',
    given: [{ name: 'b/b' }, { name: 'a/a', after: ['a/a'] }],
    says: 'a/a waits for itself',
  },
  {
    it: 'one that comes before itself',
    given: [{ name: 'a/a', before: ['a/a'] }],
    says: 'a/a waits for itself',
  },
];

void describe('checks that wait for each other have no order', () => {
  for (const { it: title, given, says } of circles) {
    void it(title, () => {
      assert.throws(() => inOrder(given), { message: says });
    });
  }
});
