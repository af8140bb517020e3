import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { isSource, sources } from '../../plugins/command/import/plugins-file.ts';
import { makeHaraka, withCommand } from './haraka-directory.ts';

const folder = join(import.meta.dirname, '../../docs/migrate');

/** The plugin that a page is about. */
const plugins: Readonly<Record<string, string>> = { 'flat-file': 'auth/flat_file' };

/** What a test cannot run as it stands: a package that is not published, a place that is not here. */
const notHere = ['cd /etc/haraka', 'npm install haraka-plugin-gatekeeper'];

for (const page of readdirSync(folder)) {
  describe(`docs/migrate/${page}`, () => {
    const text = readFileSync(join(folder, page), 'utf8');
    const blocks = (language: string) =>
      [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, of, block = '']) =>
        of === language ? [block] : [],
      );
    const only = (language: string): string => {
      const found = blocks(language);
      assert.equal(found.length, 1, `${page} has ${found.length} blocks of ${language}`);
      return found[0] ?? '';
    };
    let dir: string;
    let output: string;

    before(async () => {
      const name = page.replace(/\.md$/, '');
      const plugin = plugins[name] ?? name;
      assert.ok(isSource(plugin));
      const [diff = ''] = blocks('diff');
      const before = diff
        .split('\n')
        .slice(3)
        .filter((line) => /^[ -]/.test(line));
      const lines = before.map((line) => `${line.slice(1)}\n`).join('');
      dir = makeHaraka({
        'config/plugins': lines || `tls\n${plugin}\n`,
        [`config/${sources[plugin]}`]: only('ini'),
      });
      const commands = only('sh').split('\n');
      for (const line of notHere) assert.ok(commands.includes(line), line);
      const script = commands.filter((line) => !notHere.includes(line)).join('\n');
      const run = await promisify(execFile)('bash', ['-euc', script], { cwd: dir, env: withCommand(dir) });
      output = run.stdout;
    });

    for (const file of blocks('diff')) {
      it('shows the change of config/plugins as the command does', () =>
        assert.ok(output.includes(file), output));
    }

    for (const yaml of blocks('yaml')) {
      it('shows the settings that the command writes', () => {
        assert.equal(readFileSync(join(dir, 'config/gatekeeper.yaml'), 'utf8'), yaml);
      });
    }

    for (const shown of blocks('ldif')) {
      it('shows the users that the command writes', () => {
        const ldif = readFileSync(join(dir, 'users.ldif'), 'utf8');
        const entries = ldif.replaceAll(/^#.*\n/gm, '').replaceAll(/(?<=\{SSHA\}).*/g, 'hash');
        assert.equal(entries.trim(), shown.trim());
      });
    }

    for (const shown of blocks('')) {
      it('shows what the command says', () => assert.ok(output.includes(shown), output));
    }
  });
}
