import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { judgeChain } from '../../../plugins/core/dane/judge.ts';
import { authority, Mint, serverOf, type Issued } from '../../support/certificates.ts';
import { judgeAll, kinds, name, type Case } from './judged.ts';
import { about, derOf } from './records.ts';

const mint = new Mint();
const long = 30;
const root = mint.make({ name: 'root', extensions: authority, days: long });
const between = mint.make({ name: 'between', extensions: authority, by: root, days: long });
const leafOf = (by: Issued, extensions: readonly string[] = serverOf(name), days = long): Issued =>
  mint.make({ name: 'leaf', extensions, by, days });
const leaf = leafOf(between);
const stranger = mint.make({ name: 'stranger', extensions: authority, days: long });
/** Of the same name, with another key. */
const pretender = mint.make({ name: 'between', extensions: authority, by: stranger, days: long });
const notCa = mint.make({
  name: 'not an authority',
  extensions: serverOf('ca.example'),
  by: root,
  days: long,
});
const noFlag = mint.make({ name: 'no flag', extensions: [], by: root, days: long });
const brief = mint.make({ name: 'brief', extensions: authority, by: root, days: 1 });
const own = mint.make({ name: 'own', extensions: [...authority, `subjectAltName=DNS:${name}`], days: long });
const wrong = Buffer.alloc(32, 9);

const chain = [leaf, between, root];
const ofAnchor: readonly Case[] = [
  ...kinds.map(([selector, matching]) => ({
    it: `2 ${selector} ${matching}, root shown`,
    shown: chain,
    records: [about(root, 2, selector, matching)],
  })),
  ...kinds.map(([selector, matching]) => ({
    it: `2 ${selector} ${matching}, what stands between`,
    shown: chain.slice(0, 2),
    records: [about(between, 2, selector, matching)],
  })),
  { it: '2 0 0, root not shown', shown: [leaf, between], records: [about(root, 2, 0, 0)] },
  { it: '2 1 0, root not shown', shown: [leaf, between], records: [about(root, 2, 1, 0)] },
  { it: '2 0 0, nothing shown', shown: [leaf], records: [about(between, 2, 0, 0)] },
  { it: '2 1 0, nothing shown', shown: [leaf], records: [about(between, 2, 1, 0)] },
  {
    it: '2 0 0, what stands between is missing',
    shown: [leaf],
    records: [about(root, 2, 0, 0)],
    is: 'validation-failure',
  },
  {
    it: '2 1 0, what stands between is missing',
    shown: [leaf],
    records: [about(root, 2, 1, 0)],
    is: 'validation-failure',
  },
  ...[1, 2].map((matching) => ({
    it: `2 0 ${matching}, root not shown`,
    shown: [leaf, between],
    records: [about(root, 2, 0, matching)],
    is: 'validation-failure' as const,
  })),
  { it: 'in another order', shown: [leaf, root, stranger, between], records: [about(root, 2, 0, 1)] },
  {
    it: 'of a wrong digest',
    shown: chain,
    records: [{ usage: 2, selector: 0, matchingType: 1, data: wrong }],
    is: 'validation-failure',
  },
  {
    it: 'that is shown, but has signed nothing',
    shown: [leaf, between, stranger],
    records: [about(stranger, 2, 0, 1)],
    is: 'validation-failure',
  },
  {
    it: 'whole, but has signed nothing',
    shown: chain,
    records: [about(stranger, 2, 0, 0), about(stranger, 2, 1, 0)],
    is: 'validation-failure',
  },
  {
    it: 'with a pretender below it',
    shown: [leaf, pretender, stranger],
    records: [about(stranger, 2, 0, 1)],
    is: 'validation-failure',
  },
  {
    it: 'itself a pretender, by its name',
    shown: [leaf, pretender],
    records: [about(pretender, 2, 0, 1)],
    is: 'validation-failure',
  },
  {
    it: 'by another name',
    shown: chain,
    records: [about(root, 2, 0, 1)],
    names: ['other.example'],
    is: 'certificate-host-mismatch',
  },
  {
    it: 'by no name',
    shown: chain,
    records: [about(root, 2, 0, 1)],
    names: [],
    is: 'certificate-host-mismatch',
  },
  {
    it: 'by one of several names (§3.2.2)',
    shown: chain,
    records: [about(root, 2, 0, 1)],
    names: ['example', name],
  },
  {
    it: 'by a name with a dot at its end',
    shown: chain,
    records: [about(root, 2, 0, 1)],
    names: ['MX.corp.example.'],
  },
  {
    it: 'by names that are none',
    shown: chain,
    records: [about(root, 2, 0, 1)],
    names: ['.corp.example', '', '*', 'a\0b', '*.corp.example'],
    is: 'certificate-host-mismatch',
  },
  {
    it: 'by a wildcard (§3.2.3)',
    shown: [leafOf(root, serverOf('*.corp.example')), root],
    records: [about(root, 2, 0, 1)],
  },
  {
    it: 'by a wildcard for one label only',
    shown: [leafOf(root, serverOf('*.corp.example')), root],
    records: [about(root, 2, 0, 1)],
    names: ['a.mx.corp.example'],
    is: 'certificate-host-mismatch',
  },
  {
    it: 'by a wildcard of a part of a label',
    shown: [leafOf(root, serverOf('m*.corp.example')), root],
    records: [about(root, 2, 0, 1)],
    is: 'certificate-host-mismatch',
  },
  {
    it: 'by its subject, without other names (§3.2.3)',
    shown: [mint.make({ name, by: root, days: long }), root],
    records: [about(root, 2, 0, 1)],
  },
  {
    it: 'by its subject, beside other names',
    shown: [mint.make({ name, extensions: serverOf('other.example'), by: root, days: long }), root],
    records: [about(root, 2, 0, 1)],
    is: 'certificate-host-mismatch',
  },
  {
    it: 'when the leaf has expired',
    shown: [leafOf(root, serverOf(name), 1), root],
    records: [about(root, 2, 0, 1)],
    inDays: 3,
    is: 'certificate-expired',
  },
  {
    it: 'when the leaf is not valid yet',
    shown: chain,
    records: [about(root, 2, 0, 1)],
    inDays: -3,
    is: 'validation-failure',
  },
  {
    it: 'when what stands between has expired',
    shown: [leafOf(brief), brief, root],
    records: [about(root, 2, 0, 1)],
    inDays: 3,
    is: 'certificate-expired',
  },
  {
    it: 'when it has expired itself',
    shown: [leafOf(brief), brief],
    records: [about(brief, 2, 0, 1)],
    inDays: 3,
    is: 'certificate-expired',
  },
  {
    it: 'when it has expired itself, whole',
    shown: [leafOf(brief)],
    records: [about(brief, 2, 0, 0)],
    inDays: 3,
    is: 'certificate-expired',
  },
  ...[notCa, noFlag].flatMap((by) => [
    {
      it: 'over one that may not sign',
      shown: [leafOf(by), by, root],
      records: [about(root, 2, 0, 1)],
      is: 'validation-failure' as const,
    },
    {
      it: 'that may not sign',
      shown: [leafOf(by), by],
      records: [about(by, 2, 0, 1)],
      is: 'validation-failure' as const,
    },
    {
      it: 'that may not sign, by its key',
      shown: [leafOf(by), by],
      records: [about(by, 2, 1, 0)],
      is: 'validation-failure' as const,
    },
    {
      it: 'that may not sign, whole',
      shown: [leafOf(by)],
      records: [about(by, 2, 0, 0)],
      is: 'validation-failure' as const,
    },
  ]),
  ...kinds.map(([selector, matching]) => ({
    it: `2 ${selector} ${matching} about the server's own`,
    shown: [own],
    records: [about(own, 2, selector, matching)],
    is: 'validation-failure' as const,
  })),
  {
    it: "about the server's own, shown twice",
    shown: [own, own],
    records: [about(own, 2, 0, 1)],
    is: 'validation-failure',
  },
];

void describe('dane: what a server shows, by a DANE-TA record', () => {
  after(() => mint.remove());

  judgeAll(ofAnchor);

  void it('is judged in the end, of many records and many certificates', () => {
    const records = Array.from({ length: 1700 }, (_, n) => ({
      ...{ usage: 2 + (n % 2), selector: n % 2, matchingType: 1 },
      data: Buffer.alloc(32, n),
    }));
    const presented = [leaf, ...Array.from({ length: 60 }, () => between)].map(derOf);
    const start = performance.now();
    assert.equal(judgeChain(presented, [...records, about(root, 2, 1, 0)], [name], new Date()).isGood, true);
    assert.ok(performance.now() - start < 2000);
  });
});
