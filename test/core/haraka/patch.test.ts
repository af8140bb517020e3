import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isTested, testedHaraka } from '../../../plugins/core/haraka/patch.ts';
import { patches } from '../../../scripts/generated-docs.ts';

const root = join(import.meta.dirname, '../../..');
const manifest = (folder: string) =>
  JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
    version: string;
    peerDependencies: { haraka: string };
  };

void describe('the patches', () => {
  void it('are one file each, of the same name, and all in the documentation', () => {
    const files = readdirSync(join(root, 'plugins/core/haraka/patches'));
    assert.deepEqual(patches.map(({ name }) => `${name}.ts`).sort(), files.sort());
  });

  void it('were tested with the oldest Haraka that we promise, and the newest that is installed', () => {
    const { from, to } = testedHaraka;
    assert.equal(manifest('.').peerDependencies.haraka, `^${from}`);
    assert.equal(manifest('node_modules/haraka').version, to);
    const page = readFileSync(join(root, 'plugins/core/haraka/patches/harden-spf-plugin.ts'), 'utf8');
    assert.ok(page.includes(`to: '${manifest('node_modules/haraka-plugin-spf').version}'`));
  });
});

void describe('a version of Haraka', () => {
  const range = { from: '3.3.4', to: '3.10.2' };
  for (const { version, tested } of [
    { version: '3.3.4', tested: true },
    { version: '3.3.12', tested: true },
    { version: '3.10.2', tested: true },
    { version: '3.3.3', tested: false },
    { version: '2.9.9', tested: false },
    { version: '3.10.3', tested: false },
    { version: '4.0.0', tested: false },
    { version: '3.4.0-beta.1', tested: false },
    { version: '', tested: false },
  ]) {
    void it(`'${version}' ${tested ? 'lies' : 'does not lie'} between ${range.from} and ${range.to}`, () => {
      assert.equal(isTested(version, range), tested);
    });
  }
});
