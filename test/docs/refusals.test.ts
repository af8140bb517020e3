import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { replies } from '../../plugins/core/replies.ts';
import { block, root, textOf } from '../support/pages.ts';

const page = textOf('docs/refusals.md');

/** The sections by reason: heading and text up to the next heading. */
const sections = new Map(
  [...page.matchAll(/^### (.*)\n\n([\s\S]*?)(?=^#)/gm)].map(([, reason = '', text = '']) => [reason, text]),
);

const sourceOf = (...files: readonly string[]) =>
  files.map((file) => textOf(join('plugins', file))).join('\n');

const everySource = sourceOf(
  ...readdirSync(join(root, 'plugins'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  ),
);

/** A text without what is filled in: `${…}` of the source, `…` of the page. */
function fixedParts(text: string): string[] {
  const parts = text.split(/\$\{[^}]*\}|…/).map((part) => part.trim());
  return parts.filter((part) => part !== '');
}

void describe('docs/refusals.md', () => {
  void it('has a section for each reason, in the order of the replies, and no other', () => {
    assert.deepEqual([...sections.keys()], Object.keys(replies));
  });

  for (const [reason, { code, status, text }] of Object.entries(replies)) {
    const section = sections.get(reason) ?? '';
    void it(`${reason}: begins with the reply, and is short`, () => {
      assert.equal(section.split('\n')[0], `> ${code} ${status} ${text}`);
      const lines = section.split('\n').filter((line) => line !== '' && !line.startsWith('|'));
      assert.ok(lines.length <= 18, `${lines.length} lines`);
    });

    void it(`${reason}: names checks and settings that there are, and details as the source has them`, () => {
      const last = section.trim().split('\n\n').at(-1) ?? '';
      const [checks = '', settings = ''] = last.split('settings');
      for (const [, check = ''] of checks.matchAll(/`([^`]+)`/g)) {
        assert.ok(textOf('docs/integrator.md').includes(`| \`${check}\``), check);
      }
      for (const [, setting = ''] of settings.matchAll(/`([^`]+)`/g)) {
        assert.ok(textOf('docs/settings.md').includes(`| \`${setting}\``), setting);
      }
      for (const detail of detailsIn(section)) {
        for (const part of fixedParts(detail)) assert.ok(everySource.includes(part), part);
      }
    });
  }

  void it("shows the reply that stands in the line of the operator's page", () => {
    assert.ok(textOf('docs/operator.md').includes(`reply="${block('docs/refusals.md', '', '553').trim()}"`));
  });

  void it('names every check', () => {
    const listed = [...textOf('docs/integrator.md').matchAll(/^\| (`\w+\/\w+`)/gm)].map(
      ([, check = '']) => check,
    );
    assert.deepEqual(
      listed.filter((check) => ![...sections.values()].some((section) => section.includes(check))),
      // They refuse no client.
      ['outbound/delivery', 'outbound/tls', 'audit/connection', 'audit/settings', 'audit/operator'].map(
        (check) => `\`${check}\``,
      ),
    );
  });

  void it('explains everything that can be wrong with a header', () => {
    const source = sourceOf(
      ...['header', 'tokens', 'mailbox-list', 'claims', 'rules'].map((name) => `core/message/${name}.ts`),
      ...['claims', 'header', 'hardening'].map((name) => `sender/${name}.ts`),
    );
    const literals = [
      ...source.matchAll(/malformed: (['`])(.*?)\1/g),
      ...source.matchAll(/refuse\('header-malformed', (')(.*?)'\)/g),
      ...source.matchAll(/reason: 'header-malformed', detail: (['`])(.*?)\1/g),
      ...source.matchAll(/return (['`])((?:an?|there|something|\$\{name\}) \w[^:]*?)\1/g),
    ].map(([, , text = '']) => text);
    assert.ok(literals.length >= 10, String(literals));
    const section = sections.get('header-malformed') ?? '';
    for (const text of literals) for (const part of fixedParts(text)) assert.ok(section.includes(part), text);
  });
});

/** What a section quotes of a detail: several words between backticks. */
function detailsIn(section: string): string[] {
  const quoted = [...section.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
  return quoted.filter(
    (text) => /[a-z] [a-z]/.test(text) && !/^(?:tls: |client connection error)/.test(text),
  );
}
