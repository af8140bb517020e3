import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { harakaDir } from '../../../scripts/demo/instance.ts';

const dropIn = readFileSync(
  join(import.meta.dirname, '../../../config/system/systemd/haraka.service.d/gatekeeper.conf'),
  'utf8',
);
const unit = readFileSync(join(harakaDir, 'contrib/haraka.service'), 'utf8');

/** What systemd says of Haraka's own unit with these additions; nothing when it likes them. */
function verify(additions: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-systemd-'));
  try {
    mkdirSync(join(folder, 'haraka.service.d'));
    writeFileSync(join(folder, 'haraka.service'), unit.replace('/usr/bin/haraka', process.execPath));
    writeFileSync(join(folder, 'haraka.service.d/gatekeeper.conf'), additions);
    const { stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', join(folder, 'haraka.service')],
      {
        encoding: 'utf8',
      },
    );
    return `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line.includes('gatekeeper.conf'))
      .join('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

void describe("the additions to Haraka's systemd unit", () => {
  void it('are what systemd knows', () => {
    assert.equal(verify(dropIn), '');
  });

  void it('would be refused with a mistake in them', () => {
    assert.match(verify(dropIn.replace('RestartPreventExitStatus', 'RestartPreventsExit')), /Unknown key/);
    assert.match(verify(dropIn.replace('SystemCallFilter=@system-service', 'SystemCallFilter=@x')), /@x/);
    assert.match(verify(dropIn.replace('KillMode=mixed', 'KillMode=all')), /all/);
  });
});
