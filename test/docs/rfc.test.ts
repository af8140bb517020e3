import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { citationsIn, faultsOf, rowsOf } from '../support/citations.ts';
import { root, textOf } from '../support/pages.ts';

const page = 'docs/rfc.md';

void describe('citations in a comment', () => {
  const cases = [
    { text: '/** RFC 5321 §4.5.1. */', are: ['RFC 5321 4.5.1'] },
    { text: '/** RFC 5321 §4.5.3.1.5: at most 512 */', are: ['RFC 5321 4.5.3.1.5'] },
    { text: ' * (RFC 7208 §2.3, §2.4)', are: ['RFC 7208 2.3', 'RFC 7208 2.4'] },
    { text: '// RFC 4511 §4.1 to §5', are: ['RFC 4511 4.1', 'RFC 4511 5'] },
    { text: ' * again (RFC 5322\n * §3.6.6); more', are: ['RFC 5322 3.6.6'] },
    { text: 'RFC 4422 appendix A and RFC 4422 §A.1', are: ['RFC 4422 A', 'RFC 4422 A.1'] },
    { text: '// RFC 8461.\n\n// §3.3: once a day', are: ['RFC 8461 ', 'RFC 8461 3.3'] },
    { text: 'RFC 1035 §3.3 and §3.4, RFC 3596 §2.2', are: ['RFC 1035 3.3', 'RFC 1035 3.4', 'RFC 3596 2.2'] },
    { text: 'PLAIN (RFC 4616).', are: ['RFC 4616 '] },
    { text: 'RFC 6265bis §4.1.3.2, UTS 39 §4', are: ['RFC 6265bis 4.1.3.2', 'UTS 39 4'] },
    { text: 'draft-behera-ldap-password-policy-10 §6: x', are: ['draft-behera-ldap-password-policy-10 6'] },
    { text: 'no RFC, and §', are: [] },
  ];
  for (const { text, are } of cases) {
    void it(`${JSON.stringify(text)}: ${are.join('; ') || 'none'}`, () => {
      assert.deepEqual(
        citationsIn(text).map(({ document, section }) => `${document} ${section}`),
        are,
      );
    });
  }
});

void describe('the index of RFCs beside made-up sources', () => {
  const table = (...rows: string[]) =>
    ['| document | section | what | where | deviation |', ...rows].join('\n');
  const rows = rowsOf(
    table(
      '| RFC 5321 | §4.5.1, §4.2 | postmaster | `core/reachable.ts`, `auth/` |  |',
      '| RFC 4616 | all | PLAIN | `auth/plain.ts` | none |',
    ),
  );
  const good = {
    'core/reachable.ts': 'RFC 5321 §4.5.1',
    'auth/plain.ts': 'RFC 4616, RFC 5321 §4.2',
    'auth/none.ts': '',
  };
  const cases: readonly { it: string; more: Readonly<Record<string, string>>; faults: readonly string[] }[] =
    [
      { it: 'agrees', more: {}, faults: [] },
      {
        it: 'agrees with a document as a whole where a section of it is cited',
        more: { 'auth/none.ts': 'RFC 5321' },
        faults: [],
      },
      {
        it: 'lacks a section',
        more: { 'core/reachable.ts': 'RFC 5321 §4.5.1, §7.8' },
        faults: ['core/reachable.ts: no row for RFC 5321 §7.8'],
      },
      {
        it: 'lacks a section above one that it has',
        more: { 'auth/none.ts': 'RFC 5321 §4.5' },
        faults: ['auth/none.ts: no row for RFC 5321 §4.5'],
      },
      {
        it: 'lacks a document',
        more: { 'auth/none.ts': 'RFC 2142' },
        faults: ['auth/none.ts: no row for RFC 2142'],
      },
      {
        it: 'has a section elsewhere',
        more: { 'core/other.ts': 'RFC 5321 §4.2' },
        faults: ['core/other.ts: no row for RFC 5321 §4.2'],
      },
      {
        it: 'has a section that nothing cites any more',
        more: { 'core/reachable.ts': '' },
        faults: [
          'docs/rfc.md: nothing cites RFC 5321 §4.5.1 where its row says',
          'docs/rfc.md: core/reachable.ts does not cite RFC 5321 §4.5.1, §4.2',
        ],
      },
      {
        it: 'has a document that nothing cites any more',
        more: { 'auth/plain.ts': 'RFC 5321 §4.2' },
        faults: [
          'docs/rfc.md: nothing cites RFC 4616 where its row says',
          'docs/rfc.md: auth/plain.ts does not cite RFC 4616',
        ],
      },
    ];
  for (const { it: title, more, faults } of cases) {
    void it(title, () => {
      assert.deepEqual(faultsOf(rows, new Map(Object.entries({ ...good, ...more }))), faults);
    });
  }
});

void describe(page, () => {
  const rows = rowsOf(textOf(page));

  void it('has a row for each section that the source cites, and none that it does not cite', () => {
    const files = readdirSync(join(root, 'plugins'), { recursive: true, encoding: 'utf8' });
    const sources = files
      .filter((file) => file.endsWith('.ts'))
      .map((file) => [file, textOf(join('plugins', file))] as const);
    assert.deepEqual([...new Set(faultsOf(rows, new Map(sources)))], []);
  });

  void it('is read to its last row', () => {
    const lines = textOf(page).split('\n');
    const isRow = (line: string) => /^\| (?!document|---)/.test(line);
    assert.equal(rows.length, lines.filter(isRow).length);
    assert.ok(rows.length > 100);
  });

  void it('has each section once', () => {
    const all = rows.flatMap(({ document, sections }) =>
      sections.map((section) => `${document} §${section}`),
    );
    assert.deepEqual(
      all.filter((each, index) => all.indexOf(each) !== index),
      [],
    );
  });
});
