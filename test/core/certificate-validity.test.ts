import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { hostPairsIn } from '../../plugins/core/certificate/host-pairs.ts';
import { servedCertificates, validityNote } from '../../plugins/core/certificate/served.ts';
import { authority, Mint, serverOf } from '../support/certificates.ts';

const served = {
  file: 'tls_cert.pem',
  validFrom: new Date('2026-01-01T00:00:00Z'),
  validTo: new Date('2026-04-01T00:00:00Z'),
};

void describe('the validity of a certificate', () => {
  const cases: readonly [string, string | undefined, boolean?][] = [
    ['2025-12-31T23:59:59Z', 'is not valid before 2026-01-01T00:00:00.000Z', false],
    ['2026-01-01T00:00:00Z', undefined],
    ['2026-03-10T00:00:00Z', undefined],
    ['2026-03-10T00:00:01Z', 'expires on 2026-04-01T00:00:00.000Z, in 21 days', true],
    ['2026-03-30T12:00:00Z', 'expires on 2026-04-01T00:00:00.000Z, in 1 day', true],
    ['2026-03-31T12:00:00Z', 'expires on 2026-04-01T00:00:00.000Z, within a day', true],
    ['2026-04-01T00:00:01Z', 'has expired on 2026-04-01T00:00:00.000Z', false],
  ];
  for (const [now, text, isValid] of cases) {
    void it(`on ${now} is worth ${text === undefined ? 'no word' : `"${text}"`}`, () => {
      const note = validityNote(served, new Date(now));
      assert.deepEqual(
        note,
        text === undefined ? undefined : { isValid, text: `the certificate in tls_cert.pem ${text}` },
      );
    });
  }
});

void describe('the certificates of config/tls', () => {
  const mint = new Mint();
  const config = mkdtempSync(join(tmpdir(), 'gatekeeper-served-'));
  const write = (name: string, text: string) => {
    mkdirSync(join(config, name, '..'), { recursive: true });
    writeFileSync(join(config, name), text);
  };
  const none = () => undefined;
  after(() => {
    mint.remove();
    rmSync(config, { recursive: true });
  });
  const ca = mint.make({ name: 'ca', extensions: authority });
  const both = mint.make({
    name: 'both.example',
    extensions: serverOf('both.example', 'also.example'),
    by: ca,
  });
  const apart = mint.make({ name: 'apart.example', extensions: serverOf('apart.example'), by: ca });
  const lone = mint.make({ name: 'lone.example', extensions: serverOf('lone.example'), by: ca });
  const star = mint.make({ name: 'star', extensions: serverOf('*.star.example'), by: ca });
  write('tls_cert.pem', ca.cert);
  write('tls/both.pem', both.key + both.cert + ca.cert);
  write('tls/below/apart-chain.pem', apart.cert);
  write('tls/apart.example.key', apart.key);
  write('tls/lone.pem', lone.cert);
  write('tls/_.star.example.pem', star.key);
  write('tls/star-chain.pem', star.cert);
  write('tls/README', 'nothing of ours');

  void it('are for the names in them, with those above them, where there is a key', () => {
    const { pairs, problems } = hostPairsIn(join(config, 'tls'), none);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      pairs.map(({ name, file }) => [name, file]).sort(),
      [
        ['*.star.example', 'star-chain.pem'],
        ['also.example', 'both.pem'],
        ['apart.example', 'below/apart-chain.pem'],
        ['both.example', 'both.pem'],
      ].sort(),
    );
    const chain = pairs.find(({ name }) => name === 'both.example')?.cert.toString() ?? '';
    assert.equal(chain.match(/BEGIN CERTIFICATE/g)?.length, 2);
  });

  void it('are listed by file, after those of tls.ini', () => {
    const files = servedCertificates(config, { main: { cert: ['tls_cert.pem', 'missing.pem'] } }).map(
      ({ file }) => file,
    );
    assert.deepEqual(files.sort(), [
      'tls/below/apart-chain.pem',
      'tls/both.pem',
      'tls/star-chain.pem',
      'tls_cert.pem',
    ]);
  });

  void it('are none without the folder', () => {
    assert.deepEqual(hostPairsIn(join(config, 'elsewhere'), none), { pairs: [], problems: [] });
  });

  void it('of which some cannot be used leave the others', () => {
    const [good, bad] = [both, apart];
    const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-served-'));
    writeFileSync(join(folder, 'good.pem'), good.key + good.cert);
    writeFileSync(join(folder, 'bad.pem'), good.key + bad.cert);
    const { pairs, problems } = hostPairsIn(folder, none);
    assert.deepEqual([...new Set(pairs.map(({ file }) => file))], ['good.pem']);
    assert.deepEqual(problems, ['config/tls/bad.pem: the key does not belong to the certificate']);
    rmSync(folder, { recursive: true });
  });
});
