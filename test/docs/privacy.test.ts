import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { personal } from '../../plugins/core/events/personal.ts';

void it('docs/privacy.md names each field of an event that may say something of somebody', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/privacy.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  const meant = Object.entries(personal).filter(([, kind]) => kind !== 'technical');
  assert.deepEqual(named.toSorted(), meant.map(([name]) => name).toSorted());
});
