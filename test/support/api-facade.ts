import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './pages.ts';

/**
 * Writes a package of the name of ours to a folder of modules, with what plugins of others use of sinks; gives its path. Where the
 * package itself exports that, nothing needs this.
 */
export function writeFacade(modules: string): string {
  const folder = join(modules, 'haraka-plugin-gatekeeper');
  mkdirSync(folder, { recursive: true });
  const core = (file: string) => JSON.stringify(join(root, 'dist/core', file));
  writeFileSync(join(folder, 'package.json'), '{"name":"haraka-plugin-gatekeeper","main":"index.js"}\n');
  writeFileSync(
    join(folder, 'index.js'),
    `const { defineEventSink } = require(${core('events/sink.js')});
exports.defineEventSink = defineEventSink;
exports.install = (plugin, { eventSinks = [] }) => {
  const { offerEventSink } = require(${core('haraka/sinks.js')});
  for (const sink of eventSinks) offerEventSink(plugin, sink);
};
`,
  );
  return folder;
}
