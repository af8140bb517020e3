import assert from 'node:assert/strict';
import { it } from 'node:test';
import { neverSkipped } from '../../../plugins/core/haraka/patches/never-skipped.ts';
import { newTransactions } from '../../../plugins/core/haraka/patches/new-transactions.ts';
import type { Plugin } from '../../../plugins/core/haraka/types.ts';

void it('lets a plugin assign the list of skipped plugins again, and never skips us', () => {
  const notes: { skip_plugins: string[] } = { skip_plugins: [] };
  const module = { createTransaction: () => ({ notes }) };
  const plugin = { haraka_require: () => module } as unknown as Plugin;
  newTransactions.install?.(plugin);
  neverSkipped.install?.(plugin, (name) => name === 'gatekeeper/auth');
  module.createTransaction();
  notes.skip_plugins.push('gatekeeper/auth', 'karma');
  const same = notes.skip_plugins;
  notes.skip_plugins = same;
  assert.equal(notes.skip_plugins.includes('gatekeeper/auth'), false);
  assert.equal(notes.skip_plugins.includes('karma'), true);
});
