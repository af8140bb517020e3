import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import {
  certificateExpiry,
  counted,
  gauges,
  labels,
  type Counted,
} from '../../plugins/audit/metrics/table.ts';
import { offered } from '../../plugins/auth/mechanisms/table.ts';
import { root, textOf } from '../support/pages.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}

const rulesFile = 'config/system/prometheus/gatekeeper.rules.yaml';
const { groups } = parse(readFileSync(join(root, rulesFile), 'utf8')) as {
  groups: readonly { readonly rules: readonly Rule[] }[];
};
const questions = [...textOf('docs/metrics.md').matchAll(/^\| [^`|]+\| `([^`]+)` +\|$/gm)].map(
  ([, query = '']) => query,
);

void describe('the queries of metrics', () => {
  const queries = [...groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)), ...questions];
  assert.ok(queries.length >= 15, `${queries.length}`);
  for (const query of queries) {
    void it(`ask for what there is: ${query}`, () => {
      const selectors = [...query.matchAll(/\b(gatekeeper_\w+)(?:\{([^}]*)\})?/g)];
      assert.ok(selectors.length > 0);
      for (const [, name = '', conditions = ''] of selectors) assertSelects(name, conditions);
    });
  }
});

function assertSelects(name: string, conditions: string): void {
  if (name in gauges || name === certificateExpiry.name) return;
  const base = name.replace(/_(?:bucket|sum|count)$/, '');
  const metric = (counted as Readonly<Record<string, Counted>>)[base];
  assert.ok(metric, name);
  for (const [, label = '', values = ''] of conditions.matchAll(/(\w+)=~?"([^"]*)"/g)) {
    const its = metric.labels[label];
    assert.ok(its, `${name}{${label}}`);
    const known = labels[its];
    assert.ok('values' in known, `${name}{${label}}`);
    const all: readonly string[] = known.values;
    for (const value of values.split('|')) assert.ok(all.includes(value), `${label}="${value}"`);
  }
}

void describe('the alerts', () => {
  void it('have names of their own, and say what is wrong', () => {
    const rules = groups.flatMap(({ rules: each }) => each);
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    for (const { alert, annotations } of rules) {
      assert.match(alert, /^Gatekeeper[A-Z]\w+$/);
      assert.ok(annotations.summary.length > 20);
    }
  });
});

void describe('the names of metrics', () => {
  for (const [name, metric] of Object.entries<Counted>(counted)) {
    void it(`are by the convention of Prometheus: ${name}`, () => {
      assert.match(
        name,
        metric.type === 'counter' ? /^gatekeeper_[a-z_]+_total$/ : /^gatekeeper_[a-z_]+_seconds$/,
      );
      assert.match(metric.help, /^[A-Z].*[^.]$/);
    });
  }

  void it('have the mechanisms that there are', () => {
    const session = { scram: true, binding: Buffer.alloc(0), certificate: true, nonce: () => 'x' };
    const all = offered({ ...session, tokens: { scope: '' } }).map(({ name }) => name);
    assert.deepEqual([...labels.mechanism.values].filter((name) => name !== 'none').sort(), all.sort());
  });
});
