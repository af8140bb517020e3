import assert from 'node:assert/strict';
import type { TestGateway } from './gateway.ts';

/** The samples of a text of Prometheus, by name with labels; throws for a line that is none. */
export function valuesIn(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const sample = /^([a-z_]+(?:\{[^\n]*\})?) (\S+)$/.exec(line);
      assert.ok(sample, line);
      return [sample[1] ?? '', Number(sample[2])];
    }),
  );
}

/** What GET /metrics says now. */
export async function metricsOf({ ports }: TestGateway): Promise<Map<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${ports.http}/metrics`);
  assert.equal(answer.status, 200);
  return valuesIn(await answer.text());
}

/** The sum of all samples of a metric whose labels hold these. */
export function sumOf(
  values: ReadonlyMap<string, number>,
  name: string,
  ...labels: readonly string[]
): number {
  const its = [...values].filter(
    ([each]) =>
      (each === name || each.startsWith(`${name}{`)) && labels.every((label) => each.includes(label)),
  );
  return its.reduce((sum, [, value]) => sum + value, 0);
}
