import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
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
  const site = await makeSite(installHaraka);
  await installPackages(site, [site.tarball]);
  return site;
}

/** The same without our package, which is packed, and not yet installed; Haraka may have been installed earlier. */
export async function installHost(): Promise<Site> {
  return makeSite(copyHaraka);
}

async function makeSite(bringHaraka: (prefix: string) => Promise<void>): Promise<Site> {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'gatekeeper-package-'));
  removeAtExit(root);
  const prefix = join(root, 'host');
  const [tarball] = await both(pack(root), bringHaraka(prefix));
  const haraka = join(prefix, 'bin/haraka');
  const instance = join(root, 'mail');
  await run(haraka, ['-i', instance], root);
  const packageDir = join(instance, 'node_modules/haraka-plugin-gatekeeper');
  return { root, haraka, instance, tarball, packageDir };
}

/**
 * In one run: each has npm unpack again what is there. Whatever the user's own settings are, an install script would run here.
 */
export async function installPackages({ instance }: Site, what: readonly string[]): Promise<void> {
  await run('npm', ['install', '--ignore-scripts=false', ...quiet, ...what], instance);
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

/** For `npm install`, with its name, for which npm would unpack the tarball once more. */
export function named(tarball: string): string {
  return `haraka-plugin-gatekeeper@file:${tarball}`;
}

/** Packs what is built, or builds it first; resolves to the tarball. */
export async function pack(into: string): Promise<string> {
  const dist = join(projectDir, 'dist');
  if (isStale(dist)) await run(process.execPath, ['--import', 'tsx', 'scripts/build.ts'], projectDir);
  return packIn(dist, into);
}

/** Packs a folder; resolves to the tarball. */
export async function packIn(folder: string, into: string): Promise<string> {
  const printed = await run('npm', ['pack', '--silent', '--pack-destination', into], folder);
  return join(into, printed.trim());
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
async function installHaraka(prefix: string): Promise<void> {
  mkdirSync(prefix, { recursive: true });
  const command = ['install', '--global', '--prefix', prefix, '--ignore-scripts', ...quiet];
  await run('npm', [...command, `haraka@${harakaVersion()}`], prefix);
}

/** A copy of an installation that is kept, because npm takes ten seconds for its thousands of files; nobody writes into them. */
async function copyHaraka(prefix: string): Promise<void> {
  const kept = join(projectDir, 'node_modules/.cache/gatekeeper', `haraka-${harakaVersion()}`);
  if (!existsSync(kept)) await keepHaraka(kept);
  await run('cp', ['-alT', kept, prefix], projectDir).catch(() =>
    run('cp', ['-aT', kept, prefix], projectDir),
  );
}

/** Installed aside and renamed, so that half an installation is never taken, and that of two tests one remains. */
async function keepHaraka(kept: string): Promise<void> {
  const made = `${kept}-${process.pid}`;
  try {
    await installHaraka(made);
    renameSync(made, kept);
  } catch (error) {
    if (!existsSync(kept)) throw error;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function harakaVersion(): string {
  const own = readFileSync(join(harakaDir, 'package.json'), 'utf8');
  return (JSON.parse(own) as { version: string }).version;
}
