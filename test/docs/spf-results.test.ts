import assert from 'node:assert/strict';
import { it } from 'node:test';
import { block, textOf } from '../support/pages.ts';

void it('docs/integrator.md shows the fields as the dialogue has them delivered', () => {
  const delivered = textOf('test/dialogues/spf-results/pass.smtp')
    .replaceAll('\\x09', '\t')
    .replaceAll('\\r\\n', '\n');
  assert.ok(delivered.includes(` ${block('docs/integrator.md', '', 'Received-SPF')}`));
});
