import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

const runner = join(import.meta.dirname, 'runs-files.ts');

const passes = `it('stands', () => undefined);`;
const fails = `it('falls', () => { throw new Error('on purpose'); });`;
const failsFirst = `
  const marker = import.meta.filename + '.ran';
  it('falls at first', () => {
    if (existsSync(marker)) return;
    writeFileSync(marker, '');
    throw new Error('on purpose');
  });`;

const cases = [
  {
    it: 'counts each test, and no suite',
    files: [`describe('all', () => { ${passes} });`, passes],
    ends: '2 0 0',
  },
  { it: 'fails with a test that fails alone too', files: [passes, fails], ends: '1 1 0' },
  { it: 'fails with a file that ends early', files: [passes, 'process.exit(3);'], ends: '1 1 0' },
  {
    it: 'names what fails beside others only, and goes by how it ends alone',
    files: [passes, `${failsFirst} ${passes}`],
    ends: '3 0 0',
    unsteady: ['1.test.mjs: falls at first'],
  },
  {
    it: 'fails where one of two stays as it was',
    files: [`${failsFirst} ${fails}`],
    ends: '1 1 0',
    unsteady: ['0.test.mjs: falls at first'],
  },
  { it: 'takes no second look where many fail', files: Array<string>(6).fill(failsFirst), ends: '0 6 0' },
  { it: 'counts what is skipped', files: [`it.skip('rests', () => undefined); ${passes}`], ends: '1 0 1' },
] as const;

void describe('a run of test files', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatekeeper-runs-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const [number, { it: what, files, ends, ...rest }] of cases.entries()) {
    void it(what, async () => {
      const paths = files.map((text, index) => {
        const file = join(folder, `${number}-${index}.test.mjs`);
        const imports = `import { existsSync, writeFileSync } from 'node:fs'; import { describe, it } from 'node:test';`;
        writeFileSync(file, `${imports}\n${text}`);
        return file;
      });
      const { counts, unsteady } = await resultOf(paths);
      assert.equal([counts.passed, counts.failed, counts.skipped].join(' '), ends);
      const named = unsteady.map((line) => line.replace(`${folder}/${number}-`, ''));
      assert.deepEqual(named, 'unsteady' in rest ? rest.unsteady : []);
    });
  }
});

interface Result {
  readonly counts: Record<'passed' | 'failed' | 'skipped', number>;
  readonly unsteady: readonly string[];
}

/** In a process that does not know of the tests around it: they run no others. */
async function resultOf(files: readonly string[]): Promise<Result> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', runner, ...files], {
    env,
  });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Result;
}
