import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { spfTextOf } from '../../../scripts/benchmarks/spf-report.ts';
import type { SpfFigures } from '../../../scripts/benchmarks/spf.ts';

const root = join(import.meta.dirname, '../../..');

describe('scripts/bench spf', () => {
  it('has everybody evaluate all records, and counts what they ask', () => {
    const start = ['--import', 'tsx', 'scripts/benchmarks/start.ts', 'spf', '--json'];
    const brief = ['--rounds', '1', '--seconds', '1'];
    const run = spawnSync(process.execPath, [...start, ...brief], { cwd: root, encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const figures = JSON.parse(run.stdout) as SpfFigures;
    assert.deepEqual(
      figures.entries.map(({ name, shape, queries }) => [name, shape, queries]),
      [
        ['gatekeeper', 'ip4', 1],
        ['bare', 'ip4', 1],
        ['haraka-plugin-spf', 'ip4', 1],
        ['mailauth', 'ip4', 1],
        ['warm', 'ip4', 0],
        ['gatekeeper', 'include', 5],
        ['bare', 'include', 5],
        ['haraka-plugin-spf', 'include', 5],
        ['mailauth', 'include', 6],
        ['warm', 'include', 0],
        ['gatekeeper', 'ten', 11],
        ['bare', 'ten', 11],
        ['haraka-plugin-spf', 'ten', 11],
        ['mailauth', 'ten', 21],
        ['warm', 'ten', 0],
      ],
    );
    for (const { turns } of figures.entries) {
      assert.deepEqual(Object.keys(turns), ['1', '64']);
      for (const each of Object.values(turns))
        assert.ok(each.length === 1 && each.every((figure) => figure > 0));
    }
    const machine = { processor: 'x', cores: 2, versions: {} };
    assert.match(spfTextOf(figures, machine, 1), /^mailauth +21\.0 /m);
  });
});
