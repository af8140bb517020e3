import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** The pages of the documentation, as paths from the root of the project. */
export const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

export function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** The fenced blocks of a page in one language; `''` for those without. */
export function blocks(page: string, language: string): string[] {
  const fences = textOf(page).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...fences].filter(([, found]) => found === language).map(([, , text]) => text ?? '');
}

/** The one block of a page in that language that holds a text. */
export function block(page: string, language: string, holding: string): string {
  const found = blocks(page, language).filter((text) => text.includes(holding));
  assert.equal(found.length, 1, `${page} has ${found.length} blocks with ${holding}`);
  return found[0] ?? '';
}
