import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, posix } from 'node:path';
import ts from 'typescript';
import { filesUnder } from './operator.ts';

export interface Manifest {
  readonly name?: string;
  readonly main?: string;
  /** Where it is for some processors only. */
  readonly cpu?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** A package below a `node_modules`, at any depth. */
export interface InstalledPackage {
  readonly name: string;
  readonly manifest: Manifest;
  readonly files: readonly string[];
}

/** Reads a package.json. */
export function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** All packages below a folder, nested ones included, sorted by the names of their folders. */
export function installedPackages(folder: string): InstalledPackage[] {
  const files = filesUnder(folder);
  const homes = files.flatMap(
    (file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/package\.json$)/.exec(file)?.[0] ?? [],
  );
  const found = homes.map((home) => ({
    name: home.slice(home.lastIndexOf('node_modules/') + 'node_modules/'.length),
    manifest: manifestIn(join(folder, home)),
    files: filesUnder(join(folder, home)),
  }));
  return found.sort((left, right) => left.name.localeCompare(right.name, 'en'));
}

/** Why npm would run something, or need a compiler, to install this package. */
export function whatItWouldRun({ manifest, files }: InstalledPackage): string[] {
  const hooks = ['preinstall', 'install', 'postinstall'];
  return [
    ...hooks.filter((hook) => manifest.scripts?.[hook] !== undefined),
    // A package for one platform alone brings its binary as it is.
    ...files.filter((file) => /(?:^|\/)binding\.gyp$|\.node$/.test(file) && manifest.cpu === undefined),
  ];
}

/** Imports of the package's modules and declarations that lead nowhere where it is installed, as `FILE: SPECIFIER`. */
export function unresolvedImports(packageDir: string): string[] {
  const files = new Set(filesUnder(packageDir));
  const dependencies = new Set(Object.keys(manifestIn(packageDir).dependencies ?? {}));
  const modules = [...files].filter((file) => /\.(?:js|d\.ts)$/.test(file));
  return modules.flatMap((file) =>
    importsOf(join(packageDir, file))
      .filter((specifier) => !resolves(specifier, file, { files, dependencies }))
      .map((specifier) => `${file}: ${specifier}`),
  );
}

interface Known {
  readonly files: ReadonlySet<string>;
  readonly dependencies: ReadonlySet<string>;
}

function resolves(specifier: string, importer: string, { files, dependencies }: Known): boolean {
  if (!specifier.startsWith('.')) return isBuiltin(specifier) || dependencies.has(packageOf(specifier));
  const target = posix.join(dirname(importer), specifier);
  // Node takes the name as it stands; TypeScript reads the declaration for both extensions.
  if (importer.endsWith('.js')) return target.endsWith('.js') && files.has(target);
  return files.has(target.replace(/\.(?:js|ts)$/, '.d.ts'));
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return specifier.startsWith('@') ? `${first}/${second}` : first;
}

function importsOf(path: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(path, 'utf8'), true, true);
  return importedFiles.map(({ fileName }) => fileName);
}
