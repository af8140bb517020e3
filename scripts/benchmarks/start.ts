import { authTextOf } from './auth-report.ts';
import { measureAuth } from './auth.ts';
import { eventsTextOf } from './events-report.ts';
import { measureEvents } from './events.ts';
import { describeMachine } from './machine.ts';
import { outboundTextOf } from './outbound-report.ts';
import { measureOutbound } from './outbound.ts';
import { messageTextOf } from './message-report.ts';
import { measureMessage } from './message.ts';
import { readOptions, usage, UsageError } from './options.ts';
import { textOf } from './report.ts';
import { measureSessions } from './sessions.ts';
import { spfTextOf } from './spf-report.ts';
import { measureSpf } from './spf.ts';

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return void process.stdout.write(usage);
  const say = (line: string) => {
    console.error(`scripts/bench: ${line}`);
  };
  const caller = { say, signal: interruption() };
  const machine = describeMachine();
  const tell = (result: object, text: () => string) => {
    process.stdout.write(`${options.json ? JSON.stringify({ machine, ...result }, null, 2) : text()}\n`);
  };
  switch (options.what) {
    case 'spf': {
      const figures = await measureSpf({ ...options, ...caller });
      tell(figures, () => spfTextOf(figures, machine, options.rounds));
      break;
    }
    case 'auth': {
      const figures = await measureAuth({ ...options, ...caller });
      tell(figures, () => authTextOf(figures, machine, options.rounds));
      break;
    }
    case 'outbound': {
      const figures = await measureOutbound({ ...options, ...caller });
      tell(figures, () => outboundTextOf(figures, machine));
      break;
    }
    case 'message': {
      const figures = await measureMessage({ ...options, ...caller });
      tell(figures, () => messageTextOf(figures, machine, options.rounds));
      break;
    }
    case 'events': {
      const figures = await measureEvents({ ...options, ...caller });
      tell(figures, () => eventsTextOf(figures, machine, options.rounds));
      break;
    }
    case 'sessions': {
      const result = await measureSessions(options, caller);
      tell(result, () => textOf(result, machine, options));
      break;
    }
  }
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
