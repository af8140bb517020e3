import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { refusalsOf } from '../support/gateway.ts';
import { root } from '../support/pages.ts';
import { plugin } from './other-haraka.ts';

const late = [
  { it: 'when register has awaited something', way: 'awaits' },
  { it: 'in the next tick, when all plugins are loaded', way: 'tick' },
  // What is thrown in a hook is a line in the log of Haraka, and no more.
  { it: 'in init_master', way: 'init-master' },
] as const;

void describe('a plugin that brings its checks too late keeps the gateway from starting', () => {
  for (const { it: title, way } of late) {
    void it(title, async () => {
      const options = { last: [plugin('installs-late')], config: { 'installs-late': `${way}\n` } };
      assert.deepEqual(await refusalsOf(options), [
        'plugin installs-late: install is too late: it belongs into register()',
      ]);
    });
  }
});

void describe('two copies of the package', () => {
  const base = mkdtempSync(join(tmpdir(), 'gatekeeper-copy-'));
  const copy = join(base, 'package');
  cpSync(join(root, 'dist'), copy, { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(base, 'node_modules'));
  after(() => rmSync(base, { recursive: true }));

  for (const place of ['first', 'last'] as const) {
    void it(`keep the gateway from starting where the plugin with the other one is loaded ${place}`, async () => {
      const options = {
        [place]: [plugin('second-copy')],
        config: { 'second-copy': `${join(copy, 'api/index.js')}\n` },
      };
      const [line = '', ...more] = await refusalsOf(options);
      assert.match(
        line,
        /^there are two copies of this package: file:\S+ and file:\S+; what one knows of checks/,
      );
      assert.ok(line.includes(copy), line);
      assert.deepEqual(more, []);
    });
  }
});
