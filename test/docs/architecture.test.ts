import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { block, root, textOf } from '../support/pages.ts';

const page = 'docs/architecture.md';
const text = textOf(page);

function sourcesBelow(folder: string): readonly string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.ts')).map((file) => textOf(join(folder, file)));
}

function sectionOf(heading: string): string {
  return text.slice(text.indexOf(`\n## ${heading}\n`)).split(/^## /m)[1] ?? '';
}

void describe(page, () => {
  void it('has the hooks of the stages as the source has them', () => {
    const declared = sourcesBelow('plugins/core/haraka').flatMap((source) => [
      ...source.matchAll(/^ {2}(\w+): \{ hook: '(\w+)', priority: (-?\d+)\b/gm),
    ]);
    const rows = sectionOf('Where it runs in Haraka').matchAll(/^\| `(\w+)` +\| `(\w+)` +\| (-?\d+) /gm);
    const told = (each: RegExpExecArray) => each.slice(1, 4).join(' ');
    assert.ok(declared.length > 5);
    assert.deepEqual([...rows].map(told), declared.map(told));
  });

  void it('has every room', () => {
    const tree = block(page, '', 'plugins/\n');
    const folders = readdirSync(join(root, 'plugins'), { withFileTypes: true });
    for (const { name } of folders.filter((each) => each.isDirectory())) {
      assert.match(tree, new RegExp(`^ {2}${name}/ `, 'm'));
    }
    const rooms = [...tree.matchAll(/^ {4}((?:[a-z-]+\/ )+)/gm)].flatMap(([, names = '']) =>
      names.trim().split(' '),
    );
    assert.ok(rooms.length > 10);
    for (const room of rooms) assert.ok(existsSync(join(root, 'plugins/core', room)), room);
  });

  void it('names files that are there', () => {
    const paths = [...text.matchAll(/`((?:plugins|test|scripts|docs)\/[\w./-]+)`/g)].map(
      ([, path = '']) => path,
    );
    assert.ok(paths.length > 5);
    for (const path of paths) assert.ok(existsSync(join(root, path)), path);
  });

  void it('names state on disk as the source does', () => {
    const source = sourcesBelow('plugins').join('\n');
    const rows = sectionOf('State on disk').matchAll(/^\| (`[^|]+)\|/gm);
    const names = [...rows].flatMap(([, cell = '']) => [...cell.matchAll(/`([^`…]+)…?`/g)]);
    assert.ok(names.length > 10);
    for (const [, name = ''] of names)
      assert.match(source, new RegExp(`['\`]${name.replaceAll('.', '\\.')}`), name);
  });
});
