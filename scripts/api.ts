import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { differences, parseReport, reportText, surfaceOf } from './api-report.ts';
import { entries, type Entry } from './entries.ts';

// Writes what each entry of the built package exports into api/, or with --check compares. What the package promises only changes
// with its version: a report is not written over another one of the same version.
const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, project: { type: 'string' } },
});
const project = values.project ?? join(import.meta.dirname, '..');
const reports = join(project, 'api');
const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };

const ways =
  'bump the version (before 1.0: minor for what breaks, patch for what is added) and say it in CHANGELOG.md';

function reportOf({ file }: Entry): string {
  return join(reports, `${file}.api.md`);
}

/** What is wrong with the report of an entry, by what the entry exports now. */
function faultOf(entry: Entry, surface: string): string | undefined {
  const path = reportOf(entry);
  if (!existsSync(path)) return `${entry.name} has no report: run npm run api`;
  const kept = parseReport(readFileSync(path, 'utf8'));
  const changed = differences(kept.surface, surface);
  if (changed.length === 0 && kept.version === version) return undefined;
  if (changed.length === 0) return `${entry.name} has a report of ${kept.version}: run npm run api`;
  const next = kept.version === version ? `${ways}; then run npm run api` : 'run npm run api';
  return [`${entry.name} exports something else than in ${kept.version}: ${next}`, ...changed].join('\n');
}

/** Nothing that was written for this version is written over. */
function mayWrite(entry: Entry): boolean {
  const path = reportOf(entry);
  return !existsSync(path) || parseReport(readFileSync(path, 'utf8')).version !== version;
}

function handle(entry: Entry): string | undefined {
  try {
    const surface = surfaceOf(entry, project);
    if (values.check || !mayWrite(entry)) return faultOf(entry, surface);
    writeFileSync(reportOf(entry), reportText(entry, { version, surface }));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** An entry that is gone is a change, too. */
function faultsOfOthers(): string[] {
  const known = new Set(entries.map(reportOf));
  return readdirSync(reports)
    .filter((file) => !known.has(join(reports, file)))
    .map((file) => `api/${file} is of an entry that is gone: ${ways}, and remove the file`);
}

mkdirSync(reports, { recursive: true });
const faults = [...entries.map(handle).filter((fault) => fault !== undefined), ...faultsOfOthers()];
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exitCode = 1;
}
