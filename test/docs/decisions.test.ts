import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root, textOf } from '../support/pages.ts';

const folder = 'docs/decisions';
const decisions = readdirSync(join(root, folder)).filter((file) => file !== 'README.md');

void describe('the decisions', () => {
  void it('are listed once each, and nothing else is', () => {
    const listed = [...textOf(`${folder}/README.md`).matchAll(/\]\(([^)#]+)\)/g)].map(([, file]) => file);
    assert.deepEqual(listed.sort(), decisions.sort());
  });

  for (const file of decisions) {
    const text = textOf(join(folder, file));

    void it(`${file} has a name by its subject, a title, context, choice and evidence, none of them empty`, () => {
      assert.match(file, /^[a-z0-9]+(?:-[a-z0-9]+)*\.md$/);
      assert.match(text, /^# [^\n]+\n\n## Context\n/);
      const parts = text.split(/^## (.*)$/m).slice(1);
      const headings = parts.filter((_, index) => index % 2 === 0);
      assert.deepEqual(headings, ['Context', 'Choice', 'Evidence']);
      for (const part of parts) assert.notEqual(part.trim(), '');
    });

    void it(`${file} names what is there, and a test or a benchmark that holds it`, () => {
      const paths = [...text.matchAll(/`((?:config|docs|plugins|scripts|test)\/[\w./-]+)`/g)].map(
        ([, path = '']) => path,
      );
      assert.deepEqual(
        paths.filter((path) => !existsSync(join(root, path))),
        [],
      );
      const evidence = text.slice(text.indexOf('\n## Evidence\n'));
      assert.match(evidence, /`(?:test|scripts)\//);
    });
  }
});
