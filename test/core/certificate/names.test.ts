import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { keyOnly, namesOf, shortKeyOf } from '../../../plugins/core/certificate/names.ts';
import { attributeValues, isValueOf } from '../../../plugins/core/certificate/values.ts';
import { Mint } from '../../support/certificates.ts';

const mint = new Mint();
after(() => mint.remove());

const certificate = (name: string, alternative?: string) =>
  new X509Certificate(
    mint.make({ name, extensions: alternative === undefined ? [] : [`subjectAltName=${alternative}`] }).cert,
  );

void describe('the names of a certificate', () => {
  const cases = [
    {
      it: 'are those of its kinds',
      name: 'app',
      alternative: 'email:App@Corp.Example,DNS:app.corp.example,IP:192.0.2.1,URI:https://app.corp.example/',
      is: { subject: 'CN=app', emails: ['App@Corp.Example'], hosts: ['app.corp.example'] },
    },
    {
      it: 'are none where it has none',
      name: 'app',
      is: { subject: 'CN=app', emails: [], hosts: [] },
    },
    {
      it: 'stand for one alone, and never for all of a domain',
      name: 'app',
      alternative: 'DNS:*.corp.example,DNS:mx.corp.example',
      is: { subject: 'CN=app', emails: [], hosts: ['mx.corp.example'] },
    },
    {
      it: 'are no names of the subject',
      name: 'app.corp.example/emailAddress=app@corp.example',
      is: { subject: 'emailAddress=app@corp.example,CN=app.corp.example', emails: [], hosts: [] },
    },
    {
      it: 'are not several because one looks like it',
      name: 'app',
      alternative: '@alt\n[alt]\nemail.1=copy@corp.example, DNS:mx.corp.example',
      is: { subject: 'CN=app', emails: [], hosts: [] },
    },
    {
      it: 'have the subject as RFC 4514 writes it',
      name: 'a\\,b/O=Corp \\+ Sons+UID=x/C=DE',
      is: { subject: 'C=DE,UID=x+O=Corp \\+ Sons,CN=a\\,b', emails: [], hosts: [] },
    },
  ];
  for (const { it: what, name, alternative, is } of cases) {
    void it(what, () => {
      const { spki: _, ...names } = namesOf(certificate(name, alternative));
      assert.deepEqual(names, is);
    });
  }

  void it('are twenty of a kind at most', () => {
    const many = Array.from({ length: 50 }, (_, at) => `DNS:h${at}.corp.example`).join(',');
    assert.equal(namesOf(certificate('many', many)).hosts.length, 20);
  });

  void it('have the key, by itself and in short', () => {
    const leaf = certificate('app', 'DNS:app.corp.example');
    const key = leaf.publicKey.export({ type: 'spki', format: 'der' });
    const digest = createHash('sha256').update(key);
    const hex = digest.digest('hex');
    const { spki } = namesOf(leaf);
    assert.equal(Buffer.from(spki, 'base64').toString('hex'), hex);
    assert.equal(shortKeyOf(leaf), hex.slice(0, 16));
    assert.deepEqual(keyOnly(namesOf(leaf)), { spki, emails: [], hosts: [] });
  });
});

void describe('a value in the directory', () => {
  const names = {
    spki: 'aBcdefghijklmnopqrstuvwxyz0123456789+/ABCDE=',
    subject: 'CN=App 1,O=Corp',
    emails: ['App@corp.example'],
    hosts: ['app.corp.example'],
  };
  const hex = Buffer.from(names.spki, 'base64').toString('hex');

  void it('is one of these', () => {
    assert.deepEqual(attributeValues(names), [
      `spki:sha256:${names.spki}`,
      `spki:sha256:${hex}`,
      'subject:CN=App 1,O=Corp',
      'email:App@corp.example',
      'dns:app.corp.example',
    ]);
    assert.equal(attributeValues(keyOnly(names)).length, 2);
  });

  for (const [value, isOne] of [
    [`spki:sha256:${names.spki}`, true],
    [` SPKI:SHA256:${names.spki}`, true],
    [`spki:sha256:${names.spki.toLowerCase()}`, false],
    [`spki:sha256:${hex.toUpperCase()}`, true],
    [`spki:sha256:${hex.slice(0, -1)}`, false],
    ['spki:sha256:', false],
    ['subject:cn=app  1,o=corp ', true],
    ['subject:CN=App 1', false],
    ['subject:O=Corp,CN=App 1', false],
    ['email:app@CORP.example', true],
    ['email:', false],
    ['app@corp.example', false],
    ['dns:app@corp.example', false],
    ['dns:APP.corp.example', true],
    ['dns:*.corp.example', false],
    ['dns:corp.example', false],
    ['', false],
  ] as const) {
    void it(`${isOne ? 'counts' : 'does not count'}: ${JSON.stringify(value)}`, () => {
      assert.equal(isValueOf(names, value), isOne);
    });
  }
});
