import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { messageTextOf } from '../../../scripts/benchmarks/message-report.ts';
import type { MessageFigures } from '../../../scripts/benchmarks/message.ts';

const root = join(import.meta.dirname, '../../..');

describe('scripts/bench message', () => {
  it('has everybody read a header of 4 KiB, and Gatekeeper judge it', () => {
    const start = ['--import', 'tsx', 'scripts/benchmarks/start.ts', 'message', '--json'];
    const brief = ['--rounds', '1', '--seconds', '1'];
    const run = spawnSync(process.execPath, [...start, ...brief], { cwd: root, encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const figures = JSON.parse(run.stdout) as MessageFigures;
    assert.ok(Math.abs(figures.octets - 4096) < 200, `${figures.octets} octets`);
    assert.deepEqual(
      figures.entries.map(({ name, turns }) => [name, turns.length, turns.every((figure) => figure > 0)]),
      ['gatekeeper', 'nodemailer', 'mailparser'].map((name) => [name, 1, true]),
    );
    const machine = { processor: 'x', cores: 2, versions: {} };
    assert.match(messageTextOf(figures, machine, 1), /^mailparser: the header +[\d.]+ /m);
  });
});
