import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type IConfigFile,
} from '@microsoft/api-extractor';
import { entries, type Entry } from './entries.ts';

/** What an entry exports, and the version of the package that has it so. */
export interface Report {
  readonly version: string;
  /** Declarations in order of their names, without comments. */
  readonly surface: string;
}

/**
 * What the built declarations of an entry export, in a folder that holds `dist`. Throws where one of them names a type that is
 * neither exported nor of another package: nobody could write it down. All entries are read in one program, of which most is what
 * they share.
 */
export function surfacesIn(project: string): (entry: Entry) => string {
  let program: CompilerState | undefined;
  return ({ file, name }) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatekeeper-api-'));
    try {
      const config = ExtractorConfig.prepare({
        configObject: configOf(project, file, folder),
        configObjectFullPath: undefined,
        packageJsonFullPath: join(project, 'dist/package.json'),
      });
      program ??= CompilerState.create(config);
      const faults = faultsOf(config, program);
      if (faults.length > 0) throw new Error(faults.map((fault) => `${name}: ${fault}`).join('\n'));
      return declarationsIn(readFileSync(join(folder, `${file}.api.md`), 'utf8'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

/** Writes the report of the extractor, and says what is wrong with it. */
function faultsOf(config: ExtractorConfig, compilerState: CompilerState): readonly string[] {
  const faults: string[] = [];
  Extractor.invoke(config, {
    compilerState,
    localBuild: true,
    messageCallback: (message) => {
      message.handled = true;
      const isFault = message.logLevel === ExtractorLogLevel.Error;
      if (isFault) faults.push(`${message.text} (${message.sourceFilePath ?? 'no file'})`);
    },
  });
  return faults;
}

function configOf(project: string, file: string, folder: string): IConfigFile {
  const declarationsOf = (entry: string) => join(project, 'dist/api', `${entry}.d.ts`);
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2023', lib: ['es2023'], strict: true, skipLibCheck: true },
    ...{ types: ['node'], typeRoots: [join(project, 'node_modules/@types')] },
  };
  const error = { logLevel: ExtractorLogLevel.Error };
  const none = { logLevel: ExtractorLogLevel.None };
  return {
    newlineKind: 'lf',
    projectFolder: join(project, 'dist'),
    mainEntryPointFilePath: declarationsOf(file),
    compiler: {
      overrideTsconfig: { compilerOptions, files: entries.map((each) => declarationsOf(each.file)) },
    },
    apiReport: {
      enabled: true,
      reportFileName: file,
      reportFolder: folder,
      reportTempFolder: join(folder, 'temp'),
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: { default: error },
      extractorMessageReporting: { default: none, 'ae-forgotten-export': error },
      tsdocMessageReporting: { default: none },
    },
  };
}

function declarationsIn(report: string): string {
  const [, code = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(report) ?? [];
  return code
    .replace(/^[ \t]*\/\/.*\n/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** A report as it is kept. */
export function reportText({ name }: Entry, { version, surface }: Report): string {
  const about = `What \`${name}\` exports as of version ${version}, made by \`npm run api\`.`;
  return `# ${name}\n\n${about}\n\n\`\`\`ts\n${surface}\n\`\`\`\n`;
}

/** The same, read again. */
export function parseReport(text: string): Report {
  const [, version = '', surface = ''] =
    /as of version (\S+),[\s\S]*?```ts\n([\s\S]*?)\n```\n$/.exec(text) ?? [];
  return { version, surface };
}

/** What differs, declaration by declaration, in lines; nothing where both export the same. */
export function differences(before: string, after: string): readonly string[] {
  const [old, now] = [declarationsByName(before), declarationsByName(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((name) => {
    const [was, is] = [old.get(name) ?? [], now.get(name) ?? []];
    const changed = [
      ...was.filter((line) => !is.includes(line)).map((line) => `    - ${line.trim()}`),
      ...is.filter((line) => !was.includes(line)).map((line) => `    + ${line.trim()}`),
    ];
    const isReordered = changed.length === 0 && was.join('\n') !== is.join('\n');
    if (isReordered) changed.push('    lines stand in another order');
    return changed.length > 0 ? [`  ${name}:`, ...changed] : [];
  });
}

/** Lines of each declaration, of overloads together. */
function declarationsByName(surface: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const declaration of surface.split(/\n\n+/).filter((each) => each !== '')) {
    const [, name = declaration] = /^(?:export )?(?:[a-z]+ )+(\w+)/.exec(declaration) ?? [];
    found.set(name, [...(found.get(name) ?? []), ...declaration.split('\n')]);
  }
  return found;
}
