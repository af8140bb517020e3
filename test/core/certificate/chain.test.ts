import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { authoritiesIn, certificateFault, isFor } from '../../../plugins/core/certificate/chain.ts';
import { extentOf } from '../../../plugins/core/certificate/x509.ts';
import { authority, Mint, serverOf, type Issued } from '../../support/certificates.ts';

const name = 'mail.protection.outlook.example';
const mint = new Mint();
const root = mint.make({ name: 'root', extensions: authority });
const between = (extensions: readonly string[], by = root, title = 'between') =>
  mint.make({ name: title, extensions: [...authority, ...extensions], by });
const plain = between([]);
const leafOf = (by: Issued, extensions: readonly string[] = serverOf(name)) =>
  mint.make({ name: 'leaf', extensions, by });

interface Case {
  readonly it: string;
  readonly leaf: Issued;
  readonly with?: readonly Issued[];
  /** Part of the fault; absent: there is none. */
  readonly is?: string;
  readonly trusted?: Issued;
  readonly inDays?: number;
}

const constrained = between(['nameConstraints=permitted;DNS:corp.example']);
const forCode = between(['extendedKeyUsage=codeSigning']);
const forTls = between(['extendedKeyUsage=serverAuth,clientAuth']);
const odd = between(['policyConstraints=critical,requireExplicitPolicy:0']);
const shallow = mint.make({
  name: 'shallow',
  extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', 'keyUsage=critical,keyCertSign'],
  by: root,
});
const below = between([], shallow, 'below');
const second = between([], plain, 'second');
const noAuthority = leafOf(root);
const noSigner = mint.make({
  name: 'no signer',
  extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,digitalSignature'],
  by: root,
});
const stranger = mint.make({ name: 'root', extensions: authority });
const deep = [1, 2, 3, 4, 5].reduce<Issued[]>(
  (chain, depth) => [...chain, between([], chain.at(-1) ?? root, `deep ${depth}`)],
  [],
);
const deepest = deep.at(-1) ?? root;
const anyKey = ['-newkey', 'rsa:1024'];

const cases: readonly Case[] = [
  { it: 'signed by an authority that is trusted', leaf: leafOf(root) },
  { it: 'signed by one below it', leaf: leafOf(plain), with: [plain] },
  {
    it: 'with authorities in any order, and others',
    leaf: leafOf(second),
    with: [root, below, plain, second],
  },
  { it: 'of an authority for TLS', leaf: leafOf(forTls), with: [forTls] },
  { it: 'without the authority in between', leaf: leafOf(plain), is: 'signed by nobody who is trusted' },
  {
    it: 'of its own making',
    leaf: mint.make({ name: 'leaf', extensions: serverOf(name) }),
    is: 'is signed by itself',
  },
  { it: 'of a stranger of the same name', leaf: leafOf(stranger), is: 'signed by nobody' },
  { it: 'of a stranger who comes along', leaf: leafOf(stranger), with: [stranger], is: 'signed by nobody' },
  { it: 'itself trusted, but no authority', leaf: noAuthority, trusted: noAuthority, is: 'signed by nobody' },
  {
    it: 'signed by who is no authority',
    leaf: leafOf(noAuthority),
    with: [noAuthority],
    is: 'is no authority',
  },
  { it: 'signed by who may not sign', leaf: leafOf(noSigner), with: [noSigner], is: 'is no authority' },
  {
    it: 'of an authority for some names',
    leaf: leafOf(constrained),
    with: [constrained],
    is: 'some names only',
  },
  { it: 'of an authority for programs', leaf: leafOf(forCode), with: [forCode], is: 'is not for TLS' },
  {
    it: 'of an authority that is not understood',
    leaf: leafOf(odd),
    with: [odd],
    is: 'critical extension 551d24',
  },
  { it: 'below an authority that allows none', leaf: leafOf(below), with: [shallow, below], is: 'so many' },
  { it: 'of a long chain', leaf: leafOf(deepest), with: deep, is: 'too long a chain' },
  { it: 'of the longest chain', leaf: leafOf(deep[3] ?? root), with: deep },
  { it: 'after its last day', leaf: leafOf(root), inDays: 3, is: 'counts from' },
  { it: 'before its first', leaf: leafOf(root), inDays: -1, is: 'counts from' },
  {
    it: 'of an authority whose time is over',
    leaf: mint.make({ name: 'leaf', extensions: serverOf(name), by: plain, days: 10 }),
    ...{ with: [plain], inDays: 3, is: '"CN=between" counts from' },
  },
  {
    it: 'for programs',
    leaf: leafOf(root, ['extendedKeyUsage=codeSigning', `subjectAltName=DNS:${name}`]),
    is: 'is not for TLS',
  },
  {
    it: 'for clients',
    leaf: leafOf(root, ['extendedKeyUsage=clientAuth', `subjectAltName=DNS:${name}`]),
  },
  {
    it: 'for anything',
    leaf: leafOf(root, [`subjectAltName=DNS:${name}`]),
    is: 'does not say what it is for',
  },
  {
    it: 'with a key that can be broken',
    leaf: mint.make({ name: 'leaf', extensions: serverOf(name), by: root, key: anyKey }),
    is: 'too weakly',
  },
  {
    it: 'with a signature that can be forged',
    leaf: mint.make({ name: 'leaf', extensions: serverOf(name), by: root, digest: 'sha1' }),
    is: 'too weakly',
  },
];

void describe('a client certificate', () => {
  after(() => mint.remove());

  for (const { it: title, leaf, with: others = [], is, trusted = root, inDays = 0 } of cases) {
    void it(`${title}: ${is ?? 'counts'}`, () => {
      const chain = {
        leaf: new X509Certificate(leaf.cert),
        intermediates: others.map(({ cert }) => new X509Certificate(cert)),
      };
      const now = new Date(Date.now() + inDays * 86_400_000);
      const fault = certificateFault(
        chain,
        { authorities: authoritiesIn([trusted.cert]), isPurposeNeeded: true },
        now,
      );
      if (is === undefined) assert.equal(fault, undefined);
      else assert.ok(fault?.text.includes(is), fault?.text);
    });
  }

  void it('is judged in the end, however many authorities have signed one another', () => {
    const [one, two] = [between([], root, 'loop'), between([], root, 'loop')];
    const loops = [one, two].map(({ key }) =>
      mint.make({
        name: 'loop',
        extensions: authority,
        by: { ...one, key: one.key, cert: one.cert },
        days: key.length,
      }),
    );
    const intermediates = [...loops, ...loops, ...loops, ...loops].map(
      ({ cert }) => new X509Certificate(cert),
    );
    const leaf = new X509Certificate(leafOf(one).cert);
    assert.ok(certificateFault({ leaf, intermediates }, { authorities: new Map() }, new Date()));
  });

  const names = [
    { it: 'its name', of: serverOf(name), is: true },
    { it: 'its name among others', of: serverOf('outlook.example', name), is: true },
    { it: 'another name', of: serverOf(`x.${name}`), is: false },
    { it: 'a wildcard', of: serverOf('*.protection.outlook.example'), is: false },
    { it: 'no name but in the subject', of: ['extendedKeyUsage=serverAuth'], is: false },
  ];
  for (const { it: title, of, is } of names) {
    void it(`with ${title} ${is ? 'is' : 'is not'} for it`, () => {
      const leaf = new X509Certificate(mint.make({ name, extensions: of, by: root }).cert);
      assert.equal(isFor({ leaf }, [name]), is);
    });
  }

  void it('is read as OpenSSL reads it: every public authority', () => {
    for (const pem of rootCertificates) {
      const certificate = new X509Certificate(pem);
      const { unreadable } = extentOf(certificate);
      assert.equal(unreadable, undefined, certificate.subject);
    }
    assert.equal([...authoritiesIn(rootCertificates).values()].flat().length, rootCertificates.length);
  });
});
