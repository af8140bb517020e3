import { Command } from 'commander';
import { addImport } from '../../plugins/command/import.ts';
import { Failure } from '../../plugins/command/import/failure.ts';

/** `gatekeeper` with this one command, until `plugins/command/main.ts` has it. */
const program = new Command('gatekeeper').option('--haraka <dir>').option('--json');
addImport(program);
try {
  program.parse();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`gatekeeper: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
