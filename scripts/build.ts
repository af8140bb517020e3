import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { entries } from './entries.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** Built aside and renamed, so that a gateway that runs from dist/ never sees half a package. */
const staging = join(root, 'dist-next');

/** Fields of the published package; the rest of the root's package.json is for developers. */
const published = [
  'name',
  'version',
  'description',
  'license',
  'type',
  'keywords',
  'engines',
  'dependencies',
  'peerDependencies',
  'peerDependenciesMeta',
] as const;

/** The command, by the file that an installation links to. */
const bin = { gatekeeper: 'command/main.js' } as const;

/** What others may import by name; Haraka takes the plugins by their paths. Tools look for the manifests, of plugins too. */
const exports = {
  ...Object.fromEntries(
    entries.map(({ path, file }) => [path, { types: `./api/${file}.d.ts`, default: `./api/${file}.js` }]),
  ),
  './package.json': './package.json',
  './*/package.json': './*/package.json',
};

/** For bundlers, which leave out what nobody uses of all others: what does something as soon as it is imported. */
const sideEffects = [
  ...['audit', 'auth', 'outbound', 'sender', 'tls', 'command', 'web'].map((folder) => `./${folder}/**/*.js`),
  './core/**/*-thread.js',
];

/** Compiles the plugins and lays out the package that operators install. */
function build(): void {
  rmSync(staging, { recursive: true, force: true });
  const compiler = join(root, 'node_modules/typescript-native/bin/tsc');
  // The package holds no sources: a map without their text leads nowhere.
  const command = [compiler, '-p', 'tsconfig.build.json', '--inlineSources', '--outDir', staging];
  execFileSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
  for (const folder of readdirSync(join(root, 'plugins'))) {
    const manifest = join(root, 'plugins', folder, 'package.json');
    if (existsSync(manifest)) copyFileSync(manifest, join(staging, folder, 'package.json'));
  }
  // What browsers are sent as it is.
  cpSync(join(root, 'plugins/web/assets'), join(staging, 'web/assets'), { recursive: true });
  for (const each of [
    'config',
    'docs',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
  ]) {
    cpSync(join(root, each), join(staging, each), { recursive: true });
  }
  writeManifest();
  for (const file of Object.values(bin)) chmodSync(join(staging, file), 0o755);
  rmSync(dist, { recursive: true, force: true });
  renameSync(staging, dist);
}

function writeManifest(): void {
  const all = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  const fields = Object.fromEntries(published.map((field) => [field, all[field]]));
  const manifest = { ...fields, bin, exports, sideEffects };
  writeFileSync(join(staging, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

build();
