import { describeMachine } from './machine.ts';
import { readOptions, usage, UsageError } from './options.ts';
import { textOf } from './report.ts';
import { measureSessions } from './sessions.ts';

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return void process.stdout.write(usage);
  const say = (line: string) => {
    console.error(`scripts/bench: ${line}`);
  };
  const result = await measureSessions(options, { say, signal: interruption() });
  const machine = describeMachine();
  console.log(
    options.json ? JSON.stringify({ machine, ...result }, null, 2) : textOf(result, machine, options),
  );
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
