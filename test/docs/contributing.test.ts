import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { planRuns } from '../../scripts/test-plan.ts';
import { blocks, root, textOf } from '../support/pages.ts';

const page = 'CONTRIBUTING.md';
const text = textOf(page);
const scripts = (JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> }).scripts;

/** The commands of its shell blocks, without comments and what is set before them. */
const commands = blocks(page, 'sh')
  .flatMap((block) => block.trim().split('\n'))
  .map((line) => line.replace(/\s+#.*/, '').replace(/^(?:[A-Z]+=\S+ )+/, ''));

function isThere(command: string): boolean {
  const [program = '', first = '', second = ''] = command.split(' ');
  if (program !== 'npm') return existsSync(join(root, program));
  return first === 'ci' || Object.hasOwn(scripts, first === 'run' ? second : first);
}

/** Words behind a command that choose tests. */
function wordsOf(command: string): readonly string[] {
  return /^npm test (.*)/.exec(command)?.[1]?.split(' ') ?? [];
}

void describe(page, () => {
  for (const command of commands) {
    void it(`names what is there: ${command}`, () => assert.ok(isThere(command)));
  }

  void it('tells a script that is not there', () => {
    for (const command of ['npm run fly', 'scripts/fly', 'npm fly']) assert.ok(!isThere(command), command);
  });

  void it('has words that choose tests', () => {
    const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' });
    const words = commands.flatMap(wordsOf);
    assert.ok(words.length > 0);
    for (const word of words) {
      assert.ok(
        files.some((file) => file.endsWith('.test.ts') && file.includes(word)),
        word,
      );
    }
    assert.match(text, /^DIALOGUE=auth\/ /m);
    assert.ok(existsSync(join(root, 'test/dialogues/auth')));
  });

  void it('has options of scripts/test that there are, and a part of the nightly tests', () => {
    const asked = commands.filter((command) => command.startsWith('scripts/test --'));
    assert.ok(asked.length > 0);
    for (const command of asked) {
      assert.ok(planRuns(command.split(' ').slice(1), { oldest: '3.3.4', newest: '3.3.5' }));
    }
    assert.ok(planRuns(['--node', '24'], { oldest: '3.3.4', newest: '3.3.5' }));
    const [nightly = ''] = commands.filter((command) => command.startsWith('scripts/test-nightly'));
    assert.match(textOf('scripts/test-nightly'), new RegExp(`count '[^']*${nightly.split(' ')[1]}`));
  });

  void it('shows code as the source has it', () => {
    const shown = blocks(page, 'ts');
    assert.equal(shown.length, 1);
    for (const code of shown) assert.ok(textOf('plugins/auth/decide.ts').includes(code));
  });

  void it('names files that are there, and npm scripts', () => {
    const paths = [...text.matchAll(/`((?:plugins|test|scripts|docs)\/[\w./-]+)`/g)].map(
      ([, path = '']) => path,
    );
    for (const path of paths) assert.ok(existsSync(join(root, path)), path);
    for (const [, name = ''] of text.matchAll(/`npm run (\w+)/g))
      assert.ok(Object.hasOwn(scripts, name), name);
  });
});
