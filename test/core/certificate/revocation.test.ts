import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { authoritiesIn, certificateFault } from '../../../plugins/core/certificate/chain.ts';
import { revocationsIn } from '../../../plugins/core/certificate/revocation.ts';
import { authority, Mint, serverOf, type Issued } from '../../support/certificates.ts';

const mint = new Mint();
const dayMs = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * dayMs);
const root = mint.make({ name: 'root', extensions: authority, days: 30 });
const rsa = mint.make({ name: 'rsa', extensions: authority, key: ['-newkey', 'rsa:2048'], days: 30 });
const between = mint.make({ name: 'between', extensions: authority, by: root, days: 30 });
const namesake = mint.make({ name: 'root', extensions: authority });
const leafOf = (by: Issued) => mint.make({ name: 'leaf', extensions: serverOf('x.example'), by, days: 30 });
const [leaf, other, ofRsa, below] = [leafOf(root), leafOf(root), leafOf(rsa), leafOf(between)];

const good = mint.revocations(root, [other]);
const bad = mint.revocations(root, [other, leaf]);
const partial = ['issuingDistributionPoint=critical,@idp', '[idp]', 'onlyuser=TRUE'];

interface Case {
  readonly it: string;
  readonly lists: readonly string[];
  readonly leaf?: Issued;
  readonly is: 'good' | 'revoked' | 'revocation-unknown';
}

const cases: readonly Case[] = [
  { it: 'is not in the list', lists: [good], is: 'good' },
  { it: 'is in the list', lists: [bad], is: 'revoked' },
  { it: 'is in one of an RSA key', lists: [mint.revocations(rsa, [ofRsa])], leaf: ofRsa, is: 'revoked' },
  { it: 'is not in an empty one', lists: [mint.revocations(root, [])], is: 'good' },
  {
    it: 'was in an older list than the newest',
    lists: [mint.revocations(root, [leaf], { since: daysAgo(1), days: 5 }), good],
    is: 'good',
  },
  {
    it: 'is in the newest list, whatever the order',
    lists: [bad, mint.revocations(root, [], { since: daysAgo(1), days: 5 })],
    is: 'revoked',
  },
  {
    it: 'is in a list of yesterday: what was revoked stays so',
    lists: [mint.revocations(root, [leaf], { since: daysAgo(2) })],
    is: 'revoked',
  },
  {
    it: 'is not in a list of yesterday',
    lists: [mint.revocations(root, [], { since: daysAgo(2) })],
    is: 'revocation-unknown',
  },
  {
    it: 'is not in a list of tomorrow',
    lists: [mint.revocations(root, [], { since: daysAgo(-1) })],
    is: 'revocation-unknown',
  },
  { it: 'has an authority without a list', lists: [], is: 'revocation-unknown' },
  {
    it: 'has a list of another authority',
    lists: [mint.revocations(rsa, [leaf])],
    is: 'revocation-unknown',
  },
  {
    it: 'has a list of another authority of the same name',
    lists: [mint.revocations(namesake, [leaf])],
    is: 'revocation-unknown',
  },
  {
    it: 'is below an authority that was not revoked',
    leaf: below,
    lists: [mint.revocations(between, []), good],
    is: 'good',
  },
  {
    it: 'is below one that says nothing of authorities',
    leaf: below,
    lists: [mint.revocations(between, [])],
    is: 'good',
  },
  {
    it: 'is below an authority that was revoked',
    leaf: below,
    lists: [mint.revocations(between, []), mint.revocations(root, [between])],
    is: 'revoked',
  },
];

void describe('a certificate that', () => {
  after(() => mint.remove());
  const trusted = authoritiesIn([root.cert, rsa.cert]);

  for (const { it: title, lists, leaf: shown = leaf, is } of cases) {
    void it(`${title}: ${is}`, () => {
      const chain = {
        leaf: new X509Certificate(shown.cert),
        intermediates: [new X509Certificate(between.cert)],
      };
      // Files of several lists, and one of none.
      const revocations = revocationsIn(lists.length === 0 ? [] : [Buffer.from(lists.join('\n'))]);
      const fault = certificateFault(chain, { authorities: trusted, revocations }, new Date());
      assert.equal(fault?.kind ?? 'good', is, fault?.text);
    });
  }

  void it('is found in a list in DER', () => {
    const der = Buffer.from(bad.replace(/-----[^-]+-----/g, ''), 'base64');
    const [certificate, issuer] = [new X509Certificate(leaf.cert), new X509Certificate(root.cert)];
    assert.equal(revocationsIn([der]).standingOf(certificate, issuer, new Date()), 'revoked');
  });

  const der = Buffer.from(good.replace(/-----[^-]+-----/g, ''), 'base64');
  const broken: readonly (readonly [string, Buffer])[] = [
    ['nothing', Buffer.alloc(0)],
    ['a certificate', Buffer.from(root.cert)],
    ['a list that is cut short', der.subarray(0, -1)],
    ['a list with something behind it', Buffer.concat([der, Buffer.alloc(1)])],
    ['a list of a part', Buffer.from(mint.revocations(root, [], { extensions: partial }))],
  ];
  for (const [what, file] of broken) {
    void it(`has no list in ${what}`, () => {
      assert.throws(() => revocationsIn([file]), /^Error: it is no certificate revocation list: /);
    });
  }

  void it('is not found good by a list that was changed on the way', () => {
    const [certificate, issuer] = [new X509Certificate(leaf.cert), new X509Certificate(root.cert)];
    const standingIn = (list: Buffer) => {
      try {
        return revocationsIn([list]).standingOf(certificate, issuer, new Date());
      } catch {
        return 'no list';
      }
    };
    for (let at = 0; at < der.length; at += 1) {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const standing = standingIn(changed);
      assert.notEqual(standing, 'good', String(at));
    }
  });
});
