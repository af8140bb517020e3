import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { surfacesIn } from './api-report.ts';
import { faultsOfReports } from './api-reports.ts';

// Writes what each entry of the built package exports into api/, or with --check compares.
const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, project: { type: 'string' } },
});
const project = values.project ?? join(import.meta.dirname, '..');
const surfaceOf = surfacesIn(project);
const faults = faultsOfReports({ project, surfaceOf }, values.check ? 'check' : 'write');
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exitCode = 1;
}
