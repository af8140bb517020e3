import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { build } from 'esbuild';
import { type DnsServer, startDns } from '../../scripts/demo/dns.ts';
import { entries } from '../../scripts/entries.ts';
import { freePorts } from '../support/ports.ts';
import { consumers, sourceOf } from './consumers.ts';
import { named, pack, projectDir, quiet, removeAtExit } from './operator.ts';
import { run } from './shell.ts';

const zone = {
  'corp.example': [{ TXT: 'v=spf1 include:_spf.corp.example -all' }],
  '_spf.corp.example': [{ TXT: 'v=spf1 ip4:192.0.2.0/24 -all' }],
} as const;

const [port] = await freePorts(1);
const all = consumers(port);

/** Of an integrator who takes no chances: the declarations of the package are checked as well. */
const strict = {
  ...{ target: 'es2023', lib: ['es2023'], strict: true, exactOptionalPropertyTypes: true },
  ...{ noPropertyAccessFromIndexSignature: true, noUncheckedIndexedAccess: true },
  ...{ skipLibCheck: false, allowJs: true, checkJs: false },
  ...{ types: ['node'], typeRoots: [join(projectDir, 'node_modules/@types')] },
};

const compilers = [
  { it: 'module nodenext, by TypeScript 6', compiler: 'typescript', options: { module: 'nodenext' } },
  {
    it: 'moduleResolution bundler, by TypeScript 7',
    compiler: 'typescript-native',
    options: { module: 'preserve', moduleResolution: 'bundler' },
  },
] as const;

/** What loads each kind of source; JavaScript is run as it is, too. */
const languages = [
  { it: 'TypeScript as ES module', ending: 'mts' },
  { it: 'TypeScript as CommonJS', ending: 'cts' },
  { it: 'JavaScript as ES module', ending: 'mjs' },
  { it: 'JavaScript by require', ending: 'cjs' },
] as const;

void describe('the entries of the package, installed into an empty folder', () => {
  let folder: string;
  let server: DnsServer;
  const node = (...args: string[]): Promise<string> => run(process.execPath, args, folder);
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);

  before(async () => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), 'gatekeeper-entries-'));
    removeAtExit(folder);
    const tarball = await pack(folder);
    write('package.json', '{ "private": true }');
    await run('npm', ['install', '--ignore-scripts', ...quiet, named(tarball)], folder);
    server = await startDns({ port, zone });
    for (const [index, consumer] of all.entries()) {
      for (const { ending } of languages) write(`${ending}-${index}.${ending}`, sourceOf(consumer, ending));
    }
  });
  after(() => server.stop());

  const sources = languages.flatMap(({ ending }) => all.map((_, index) => `${ending}-${index}.${ending}`));

  for (const [number, { it: what, compiler, options }] of compilers.entries()) {
    void it(`are typed, for the strict, with ${what}`, async () => {
      const compilerOptions = { ...strict, ...options, outDir: `out${number}` };
      write(`tsconfig${number}.json`, JSON.stringify({ compilerOptions, files: sources }));
      const tsc = join(projectDir, 'node_modules', compiler, 'bin/tsc');
      await node(tsc, '-p', `tsconfig${number}.json`);
    });
  }

  for (const [index, { name, expected }] of all.entries()) {
    for (const { it: what, ending } of languages) {
      void it(`do what they should: ${name}, from ${what}, and keep no process alive`, async () => {
        const file = ending.endsWith('ts')
          ? join('out0', `${ending}-${index}.${ending.replace('ts', 'js')}`)
          : `${ending}-${index}.${ending}`;
        assert.equal(sorted(await node(file)), sorted(expected));
      });
    }
  }

  void it('have a row each in this table, and are all that can be imported', async () => {
    assert.deepEqual(all.map(({ name }) => name).sort(), entries.map(({ name }) => name).sort());
    const others = [
      '/send-as',
      '/api/spf',
      '/api/spf.js',
      '/core/mailbox',
      '/sender/index.js',
      '/auth',
      '/testing.js',
    ];
    const names = [
      ...others.map((each) => `haraka-plugin-gatekeeper${each}`),
      ...all.map(({ name }) => name),
    ];
    const code = `
      const has = (name) => { try { return require.resolve(name) !== '' } catch { return false } };
      console.log(JSON.stringify(${JSON.stringify(names)}.filter(has)));`;
    assert.deepEqual(
      JSON.parse(await node('--eval', code)),
      all.map(({ name }) => name),
    );
  });

  void it('are one module each, however they are loaded', async () => {
    const code = `
      const names = ${JSON.stringify(all.map(({ name }) => name))};
      Promise.all(names.map(async (name) => {
        const [imported, required] = [await import(name), require(name)];
        return Object.keys(imported).every((key) => imported[key] === required[key]);
      })).then((same) => console.log(same.every(Boolean)));`;
    assert.equal(await node('--eval', code), 'true\n');
  });

  const bundles = [
    {
      it: 'of a mailbox',
      entry: 'message',
      imports: 'parseMailbox',
      holds: /^(?:api\/message|core\/mailbox)\.js$/,
    },
    {
      it: 'of a header',
      entry: 'message',
      imports: 'readAuthors',
      holds: /^(?:api\/message|core\/mailbox|core\/message\/[\w-]+)\.js$/,
    },
    {
      it: 'of the format of events',
      entry: 'events',
      imports: 'parseEvent',
      holds:
        /^(?:api\/events|core\/(?:events\/(?:event|kind)|address|guessing\/\w+|network[\w-]*)|\.\.\/(?:zod|lru-cache)\/.*)\.js$/,
    },
  ] as const;
  for (const { it: what, entry, imports, holds } of bundles) {
    void it(`leave out of a bundle what is not used: ${what}`, async () => {
      const contents = `import { ${imports} } from 'haraka-plugin-gatekeeper/${entry}'; console.log(typeof ${imports});`;
      const stdin = { contents, resolveDir: folder, loader: 'js' } as const;
      const how = { bundle: true, metafile: true, write: false, platform: 'node', format: 'esm' } as const;
      const { metafile, outputFiles } = await build({
        stdin,
        ...how,
        absWorkingDir: folder,
        logLevel: 'silent',
      });
      const [output] = Object.values(metafile.outputs);
      const used = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
      const files = used.map(([file]) => file.replace('node_modules/haraka-plugin-gatekeeper/', ''));
      assert.deepEqual(
        files.filter((file) => file !== '<stdin>' && !holds.test(file.replace(/^node_modules\//, '../'))),
        [],
      );
      write('bundle.mjs', outputFiles[0]?.text ?? '');
      assert.equal(await node('bundle.mjs'), 'function\n');
    });
  }
});

function sorted(lines: string): string {
  return lines.split('\n').sort().join('\n');
}
