import { measured } from './measured.ts';
import { readOptions, usage, UsageError } from './options.ts';

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return void process.stdout.write(usage);
  const say = (line: string) => {
    console.error(`scripts/bench: ${line}`);
  };
  process.stdout.write(`${await measured(options, { say, signal: interruption() })}\n`);
}

/** Servers run in sessions of their own and would outlive us. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      controller.abort(new Error(`ended by ${name}`));
    });
  }
  return controller.signal;
}

/** Exits with 64 (EX_USAGE) for a command line that cannot be meant, else with 1. */
main().catch((error: unknown) => {
  const isUsage = error instanceof UsageError;
  console.error(isUsage ? `scripts/bench: ${error.message}` : error);
  process.exitCode = isUsage ? 64 : 1;
});
