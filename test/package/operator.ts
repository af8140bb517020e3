import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { harakaDir } from '../../scripts/demo/instance.ts';
import { run } from './shell.ts';

/** The project that is packed. */
export const projectDir = join(import.meta.dirname, '../..');

/** What an operator has after the installation: Haraka in one place, its configuration in another. */
export interface Site {
  /** Holds all of it. */
  readonly root: string;
  /** The command `haraka`. */
  readonly haraka: string;
  /** Made by `haraka -i`, then `npm install TARBALL`. */
  readonly instance: string;
  readonly tarball: string;
  /** Where npm puts our package. */
  readonly packageDir: string;
}

/** For `npm install`: what the cache has need not be fetched. */
export const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--fetch-retry-mintimeout=500'];

/** Installs Haraka from the registry, makes an instance and installs the packed package into it. */
export async function installSite(): Promise<Site> {
  const site = await installHost();
  await installPackage(site, site.tarball);
  return site;
}

/** The same without our package: it is packed, and not yet installed. */
export async function installHost(): Promise<Site> {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'gatekeeper-package-'));
  removeAtExit(root);
  const [tarball, haraka] = await both(pack(root), installHaraka(join(root, 'host')));
  const instance = join(root, 'mail');
  await run(haraka, ['-i', instance], root);
  const packageDir = join(instance, 'node_modules/haraka-plugin-gatekeeper');
  return { root, haraka, instance, tarball, packageDir };
}

/** Whatever the user's own settings are, an install script would run here. */
export async function installPackage({ instance }: Site, what: string): Promise<void> {
  await run('npm', ['install', '--ignore-scripts=false', ...quiet, what], instance);
}

/** However the tests end: passed, failed or interrupted. */
export function removeAtExit(folder: string): void {
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
}

/** Waits for both even if one fails, so that nothing writes into a folder that is being removed. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

/** Packs what is built, or builds it first; resolves to the tarball. */
export async function pack(into: string): Promise<string> {
  const dist = join(projectDir, 'dist');
  if (isStale(dist)) await run(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], projectDir);
  await run('npm', ['pack', '--pack-destination', into, dist], into);
  const tarballs = readdirSync(into).filter((file) => file.endsWith('.tgz'));
  const [tarball] = tarballs;
  if (tarball === undefined || tarballs.length > 1)
    throw new Error(`npm pack made ${tarballs.length} tarballs`);
  return join(into, tarball);
}

function isStale(dist: string): boolean {
  const built = join(dist, 'package.json');
  if (!existsSync(built)) return true;
  const { mtimeMs } = statSync(built);
  const folders = ['plugins', 'config', 'docs'].flatMap((each) => filesUnder(join(projectDir, each), each));
  const files = ['package.json', 'tsconfig.build.json', 'scripts/build.ts', 'README.md', 'CHANGELOG.md'];
  return [...folders, ...files].some((file) => statSync(join(projectDir, file)).mtimeMs > mtimeMs);
}

/** Paths of all files below a folder, as they follow `prefix`. */
export function filesUnder(folder: string, prefix = ''): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(join(folder, entry.name), path) : [path];
  });
}

/** As `npm install --global` does; Haraka's one script (an optional syslog binding) is not what is tested. */
async function installHaraka(prefix: string): Promise<string> {
  mkdirSync(prefix);
  const own = readFileSync(join(harakaDir, 'package.json'), 'utf8');
  const { version } = JSON.parse(own) as { version: string };
  const command = ['install', '--global', '--prefix', prefix, '--ignore-scripts', ...quiet];
  await run('npm', [...command, `haraka@${version}`], prefix);
  return join(prefix, 'bin/haraka');
}
