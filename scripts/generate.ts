import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entries } from './entries.ts';
import { eventInterface } from './event-interface.ts';
import { withTables } from './generated-docs.ts';
import { referencePage } from './reference.ts';
import { sampleSettings } from './sample-settings.ts';
import { settingsJsonSchema, settingsPage } from './settings-reference.ts';

// Writes every file that is made from the source; tests hold the files to it.
const root = join(import.meta.dirname, '..');
writeFileSync(join(root, 'config/gatekeeper.yaml'), sampleSettings());
writeFileSync(join(root, 'config/gatekeeper.schema.json'), settingsJsonSchema());
writeFileSync(join(root, 'docs/settings.md'), settingsPage());
writeFileSync(join(root, 'plugins/core/events/described-event.ts'), eventInterface());
mkdirSync(join(root, 'docs/api'), { recursive: true });
for (const entry of entries) {
  writeFileSync(join(root, 'docs/api', `${entry.file}.md`), await referencePage(entry));
}
for (const page of readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'))) {
  const path = join(root, 'docs', page);
  writeFileSync(path, withTables(readFileSync(path, 'utf8')));
}
