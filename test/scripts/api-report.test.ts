import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { differences, surfacesIn } from '../../scripts/api-report.ts';
import { faultsOfReports } from '../../scripts/api-reports.ts';
import { root } from '../support/pages.ts';

const surfaces = [
  { it: 'nothing', before: 'export function a(): void;', after: 'export function a(): void;', is: [] },
  {
    it: 'what is new, and what is gone',
    before: 'export function a(): void;',
    after: 'export const b: number;',
    is: ['  a:', '    - export function a(): void;', '  b:', '    + export const b: number;'],
  },
  {
    it: 'a line of many',
    before: 'export interface A {\n    one: 1;\n    two: 2;\n}',
    after: 'export interface A {\n    one: 1;\n    two?: 2;\n}',
    is: ['  A:', '    - two: 2;', '    + two?: 2;'],
  },
  {
    it: 'one of several overloads',
    before: 'export function a(): void;\n\nexport function a(b: 1): void;',
    after: 'export function a(): void;',
    is: ['  a:', '    - export function a(b: 1): void;'],
  },
  {
    it: 'an order that counts',
    before: 'export type A =\n1\n2',
    after: 'export type A =\n2\n1',
    is: ['  A:', '    lines stand in another order'],
  },
] as const;

void describe('the difference of what an entry exports', () => {
  for (const { it: what, before: was, after: now, is } of surfaces) {
    void it(`names ${what}`, () => assert.deepEqual(differences(was, now), is));
  }
});

void describe('the report of what the package exports', () => {
  const project = mkdtempSync(join(tmpdir(), 'gatekeeper-report-'));
  const at = (path: string) => join(project, path);
  let surfaceOf: ReturnType<typeof surfacesIn> | undefined;
  const edit = (path: string, change: (text: string) => string) => {
    writeFileSync(at(path), change(readFileSync(at(path), 'utf8')));
    if (path.startsWith('dist/')) surfaceOf = undefined;
  };
  // As the script has it; to read the declarations takes seconds, and what is not edited is not read again.
  const faults = (mode: 'check' | 'write') =>
    faultsOfReports({ project, surfaceOf: (surfaceOf ??= surfacesIn(project)) }, mode);
  const api = (...options: readonly string[]) => {
    const command = ['--import', 'tsx', 'scripts/api.ts', '--project', project, ...options];
    const { status, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
    return { status, stderr };
  };

  before(() => {
    const isDeclared = (path: string) => !/\.(?:js|map|md|png)$/.test(path);
    cpSync(join(root, 'dist'), at('dist'), { recursive: true, filter: isDeclared });
    cpSync(join(root, 'api'), at('api'), { recursive: true });
    cpSync(join(root, 'package.json'), at('package.json'));
    symlinkSync(join(root, 'node_modules'), at('node_modules'));
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  void it('is that of what is built: after a change bump the version and run `npm run api`', () => {
    assert.deepEqual(api('--check'), { status: 0, stderr: '' });
  });

  void it('fails where more or something else is exported, and says what to do', () => {
    edit('dist/api/message.d.ts', (text) =>
      text.replace('decodeWords(text: string)', 'decodeWords(text: string, most: number)'),
    );
    for (const mode of ['check', 'write'] as const) {
      const [fault = '', ...others] = faults(mode);
      assert.deepEqual(others, []);
      const [first, ...rest] = fault.split('\n');
      assert.match(
        first ?? '',
        /^haraka-plugin-gatekeeper\/message exports something else than in \S+: bump the version /,
      );
      assert.match(first ?? '', /CHANGELOG\.md; then run npm run api$/);
      assert.deepEqual(rest, [
        '  decodeWords:',
        '    - export function decodeWords(text: string): DecodedText;',
        '    + export function decodeWords(text: string, most: number): DecodedText;',
      ]);
    }
  });

  void it('is written for the next version, and then holds for that', () => {
    edit('package.json', (text) => text.replace(/"version": "[^"]*"/, '"version": "98.0.0"'));
    const before = api('--check');
    assert.equal(before.status, 1);
    assert.match(before.stderr, /^haraka-plugin-gatekeeper\/spf has a report of \S+: run npm run api$/m);
    assert.deepEqual(api(), { status: 0, stderr: '' });
    assert.deepEqual(faults('check'), []);
    assert.match(readFileSync(at('api/message.api.md'), 'utf8'), /as of version 98\.0\.0,[^]*most: number/);
  });

  void it('fails for a type that can be reached and is not exported', () => {
    edit('dist/api/index.d.ts', (text) => text.replace('type Mail, ', ''));
    const [fault] = faults('check');
    assert.match(fault ?? '', /^haraka-plugin-gatekeeper: The symbol "Mail" needs to be exported/);
  });

  void it('fails for an entry that is gone', () => {
    writeFileSync(at('api/gone.api.md'), '');
    assert.match(
      faults('check').join('\n'),
      /^api\/gone\.api\.md is of an entry that is gone: bump the version/m,
    );
  });
});
