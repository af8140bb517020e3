import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { childrenOf, elementOf, valuesBelow } from '../../plugins/core/settings/schema-tree.ts';
import { settingsSchema } from '../../plugins/core/settings/settings.ts';
import { sampleSettings } from '../../scripts/sample-settings.ts';
import { settingsJsonSchema, settingsPage } from '../../scripts/settings-reference.ts';

const root = join(import.meta.dirname, '../..');

void describe('the files that are made from the settings schema: run `npm run generate` after a change', () => {
  for (const [file, make] of [
    ['config/gatekeeper.schema.json', settingsJsonSchema],
    ['docs/settings.md', settingsPage],
  ] as const) {
    void it(file, () => {
      assert.equal(readFileSync(join(root, file), 'utf8'), make());
    });
  }

  void it('the page lists every setting, with a sentence', () => {
    const page = settingsPage();
    const ofSections = new Set(valuesBelow(settingsSchema).map(([, each]) => each));
    for (const [path, schema] of valuesBelow(settingsSchema)) {
      const element = elementOf(schema);
      const all = (element && childrenOf(element)) ?? [];
      const isThere = (name: string) =>
        new RegExp(`^\\| \`${name.replace(/[.[\]]/g, '\\$&')}\` .*\\| \\w.* \\|$`, 'm').test(page);
      assert.ok(isThere(path.join('.')), path.join('.'));
      for (const [key, each] of all) {
        // What a whole section has, too, is there once.
        const isBorrowed = ofSections.has(each) && page.includes(`| \`${path.join('.')}[].…\` `);
        assert.ok(isBorrowed || isThere(`${path.join('.')}[].${key}`), `${path.join('.')}[].${key}`);
      }
    }
  });
});

void describe('the JSON Schema, in a validator that editors use', () => {
  // A format that JSON Schema names and editors know, but Ajv by itself does not.
  const formats = { date: /^\d{4}-\d\d-\d\d$/ };
  const validate = new Ajv2020({ strict: true, allErrors: true, formats }).compile(
    JSON.parse(settingsJsonSchema()) as object,
  );
  const directory = { urls: ['ldaps://x'], bind_dn: 'x', base: 'x' };
  const cases = [
    { it: 'allows the sample', settings: parse(sampleSettings()) as unknown, allows: true },
    { it: 'allows the least', settings: { directory }, allows: true },
    { it: 'refuses an unknown key', settings: { directory, tsl: {} }, allows: false },
    { it: 'refuses an unknown key within', settings: { directory, tls: { ver: 1 } }, allows: false },
    { it: 'refuses another type', settings: { directory, deadline_seconds: '20' }, allows: false },
    {
      it: 'refuses a word that is no choice',
      settings: { directory, sender: { mode: 'on' } },
      allows: false,
    },
    { it: 'refuses a section without what it needs', settings: { directory: {} }, allows: false },
    { it: 'refuses a port beyond all ports', settings: { directory, http: { port: 70_000 } }, allows: false },
  ];
  for (const { it: title, settings, allows } of cases) {
    void it(title, () => {
      assert.equal(validate(settings), allows, JSON.stringify(validate.errors));
    });
  }
});
