import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventsTextOf } from '../../../scripts/benchmarks/events-report.ts';
import type { EventFigures } from '../../../scripts/benchmarks/events.ts';

const root = join(import.meta.dirname, '../../..');

describe('scripts/bench events', () => {
  it('writes a realistic population, and finds in it what the page asks for', () => {
    const start = ['--import', 'tsx', 'scripts/benchmarks/start.ts', 'events', '--json'];
    const brief = ['--rounds', '1', '--events', '10000'];
    const run = spawnSync(process.execPath, [...start, ...brief], { cwd: root, encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const figures = JSON.parse(run.stdout) as EventFigures;
    assert.ok(figures.hotPath > 0);
    const { events, adverse, bytes, digested, overview, report, message, account } = figures.store;
    assert.equal(events, 10_000);
    assert.ok(Math.abs(adverse - 0.15) < 0.02, `${adverse} adverse`);
    assert.ok(bytes > 100);
    assert.ok(digested.cpu > 0);
    assert.ok([overview, report, message, account].every(([first]) => first !== undefined && first.wall > 0));
    const machine = { processor: 'x', cores: 2, versions: {} };
    assert.match(eventsTextOf(figures, machine, 1), /^report of 30 days +[\d.]+ /m);
  });
});
