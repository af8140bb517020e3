#!/usr/bin/env node
import { exitCode } from './output.ts';
import { run } from './program.ts';

// Whoever reads our output may have seen enough: `gatekeeper events | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitCode.yes : exitCode.software);
});
// Whoever does not read why learns it from the exit code.
process.stderr.on('error', () => undefined);

await run(process.argv.slice(2));
