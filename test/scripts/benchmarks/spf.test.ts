import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { measured } from '../../../scripts/benchmarks/measured.ts';
import { readOptions } from '../../../scripts/benchmarks/options.ts';
import { spfTextOf } from '../../../scripts/benchmarks/spf-report.ts';
import type { SpfFigures } from '../../../scripts/benchmarks/spf.ts';

describe('scripts/bench spf', () => {
  it('has everybody evaluate all records, and counts what they ask', async () => {
    // A turn is shorter than the command line lets anybody have it.
    const brief = { ...readOptions(['spf', '--json', '--rounds', '1']), seconds: 0.1 };
    const printed = await measured(brief, { say: () => undefined, signal: new AbortController().signal });
    const figures = JSON.parse(printed) as SpfFigures;
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
