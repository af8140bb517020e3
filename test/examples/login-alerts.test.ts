import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeFacade } from '../support/api-facade.ts';
import { root } from '../support/pages.ts';

void describe('the example login-alerts', () => {
  void it('has less than 60 lines', () => {
    const text = readFileSync(join(root, 'examples/login-alerts/index.js'), 'utf8');
    assert.ok(text.split('\n').length <= 60);
  });

  void it('passes its own tests, with nothing of ours but what is promised', () => {
    const base = mkdtempSync(join(tmpdir(), 'gatekeeper-example-'));
    const folder = join(base, 'node_modules/haraka-plugin-login-alerts');
    cpSync(join(root, 'examples/login-alerts'), folder, { recursive: true });
    writeFacade(join(base, 'node_modules'));
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: undefined };
    const args = ['--test', '--test-reporter=tap', 'test/login-alerts.test.js'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    rmSync(base, { recursive: true });
    assert.equal(status, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /^# pass 7$/m);
  });
});
