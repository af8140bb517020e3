import { after, describe } from 'node:test';
import { authority, Mint, serverOf } from '../../support/certificates.ts';
import { judgeAll, kinds, type Case } from './judged.ts';
import { about } from './records.ts';

const mint = new Mint();
const stranger = mint.make({ name: 'stranger', extensions: authority });
const leaf = mint.make({ name: 'leaf', extensions: serverOf('mx.corp.example'), by: stranger });
const alone = mint.make({ name: 'alone', extensions: serverOf('other.example') });

const ofEndEntity: readonly Case[] = [
  ...kinds.map(([selector, matching]) => ({
    it: `3 ${selector} ${matching}`,
    shown: [alone],
    records: [about(alone, 3, selector, matching)],
  })),
  ...kinds.map(([selector, matching]) => ({
    it: `3 ${selector} ${matching} of another`,
    shown: [alone],
    records: [about(leaf, 3, selector, matching)],
    is: 'validation-failure' as const,
  })),
  { it: 'when it has expired (§3.1.1)', shown: [alone], records: [about(alone, 3, 1, 1)], inDays: 300 },
  { it: 'before its time (§3.1.1)', shown: [alone], records: [about(alone, 3, 0, 1)], inDays: -300 },
  { it: 'with no name to be found (§3.1.1)', shown: [alone], records: [about(alone, 3, 1, 1)], names: [] },
  {
    it: 'that is not the first one',
    shown: [alone, leaf],
    records: [about(leaf, 3, 1, 1)],
    is: 'validation-failure',
  },
  {
    it: 'by an authority, which is no end entity',
    shown: [leaf, stranger],
    records: [about(stranger, 3, 1, 1)],
    is: 'validation-failure',
  },
  {
    it: 'by one of two records, for the key is about to be renewed',
    shown: [alone],
    records: [about(leaf, 3, 1, 1), about(alone, 3, 1, 1)],
  },
  {
    it: 'by a weak digest beside a strong one of another (RFC 7671 §9)',
    shown: [alone],
    records: [about(alone, 3, 1, 1), about(leaf, 3, 1, 2)],
    is: 'validation-failure',
  },
  {
    it: 'by one record beside one of an authority that has not signed it',
    shown: [alone],
    records: [about(stranger, 2, 0, 0), about(alone, 3, 1, 1)],
  },
  {
    it: 'among certificates that cannot be read',
    shown: [alone, Buffer.from('junk'), Buffer.alloc(0)],
    records: [about(alone, 3, 1, 1)],
  },
];

const ofAnything: readonly Case[] = [
  { it: 'no record', shown: [alone], records: [], is: 'validation-failure' },
  { it: 'nothing shown', shown: [], records: [about(alone, 3, 1, 1)], is: 'validation-failure' },
  {
    it: 'nothing that can be read',
    shown: [Buffer.from('junk')],
    records: [about(alone, 3, 1, 1)],
    is: 'validation-failure',
  },
  {
    it: 'unusable ones beside a good one',
    shown: [alone],
    records: [about(stranger, 0, 0, 1), about(alone, 3, 1, 1)],
  },
  {
    it: 'unusable ones beside a wrong one',
    shown: [alone],
    records: [about(alone, 1, 0, 1), about(leaf, 3, 1, 1)],
    is: 'validation-failure',
  },
  {
    it: 'only PKIX ones, right or wrong (§2.2)',
    shown: [alone],
    records: [about(alone, 1, 0, 1), about(leaf, 0, 0, 1)],
    is: 'unauthenticated',
  },
  {
    it: 'only malformed ones',
    shown: [alone],
    records: [
      { ...about(alone, 3, 1, 1), data: Buffer.alloc(0) },
      { ...about(alone, 3, 0, 0), data: Buffer.alloc(60_000) },
    ],
    is: 'unauthenticated',
  },
  {
    it: 'only unusable ones, nothing shown',
    shown: [],
    records: [about(alone, 1, 0, 1)],
    is: 'unauthenticated',
  },
];

void describe('dane: what a server shows', () => {
  after(() => mint.remove());

  void describe('by a DANE-EE record', () => judgeAll(ofEndEntity));
  void describe('by any', () => judgeAll(ofAnything));
});
