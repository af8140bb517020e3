import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { differences, parseReport, reportText, type Report } from './api-report.ts';
import { entries, type Entry } from './entries.ts';

/** A project, whose reports are in its folder api/, and what each of its entries exports now. */
export interface Reported {
  readonly project: string;
  readonly surfaceOf: (entry: Entry) => string;
}

const ways =
  'bump the version (before 1.0: minor for what breaks, patch for what is added) and say it in CHANGELOG.md';

/**
 * Compares the reports with what the entries export, or writes them, and says what is wrong. What the package promises only changes
 * with its version: a report is not written over another one of the same version.
 */
export function faultsOfReports(reported: Reported, mode: 'check' | 'write'): readonly string[] {
  mkdirSync(join(reported.project, 'api'), { recursive: true });
  const faults = entries.map((entry) => handle(reported, entry, mode));
  return [...faults.filter((fault) => fault !== undefined), ...faultsOfOthers(reported)];
}

function handle(reported: Reported, entry: Entry, mode: 'check' | 'write'): string | undefined {
  try {
    const version = versionOf(reported);
    const surface = reported.surfaceOf(entry);
    const path = reportOf(reported, entry);
    if (mode === 'check' || !mayWrite(path, version)) return faultOf(entry, path, { version, surface });
    writeFileSync(path, reportText(entry, { version, surface }));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function versionOf({ project }: Reported): string {
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
  return version;
}

function reportOf({ project }: Reported, { file }: Entry): string {
  return join(project, 'api', `${file}.api.md`);
}

/** Nothing that was written for this version is written over. */
function mayWrite(path: string, version: string): boolean {
  return !existsSync(path) || parseReport(readFileSync(path, 'utf8')).version !== version;
}

/** What is wrong with the report of an entry, by what the entry exports now. */
function faultOf({ name }: Entry, path: string, now: Report): string | undefined {
  if (!existsSync(path)) return `${name} has no report: run npm run api`;
  const kept = parseReport(readFileSync(path, 'utf8'));
  const changed = differences(kept.surface, now.surface);
  if (changed.length === 0 && kept.version === now.version) return undefined;
  if (changed.length === 0) return `${name} has a report of ${kept.version}: run npm run api`;
  const next = kept.version === now.version ? `${ways}; then run npm run api` : 'run npm run api';
  return [`${name} exports something else than in ${kept.version}: ${next}`, ...changed].join('\n');
}

/** An entry that is gone is a change, too. */
function faultsOfOthers(reported: Reported): string[] {
  const known = new Set(entries.map(({ file }) => `${file}.api.md`));
  return readdirSync(join(reported.project, 'api'))
    .filter((file) => !known.has(file))
    .map((file) => `api/${file} is of an entry that is gone: ${ways}, and remove the file`);
}
