import { authTextOf } from './auth-report.ts';
import { measureAuth } from './auth.ts';
import { eventsTextOf } from './events-report.ts';
import { measureEvents } from './events.ts';
import { describeMachine } from './machine.ts';
import { messageTextOf } from './message-report.ts';
import { measureMessage } from './message.ts';
import type { Options } from './options.ts';
import { outboundTextOf } from './outbound-report.ts';
import { measureOutbound } from './outbound.ts';
import { textOf } from './report.ts';
import type { Rounds } from './rounds.ts';
import { measureSessions } from './sessions.ts';
import { spfTextOf } from './spf-report.ts';
import { measureSpf } from './spf.ts';

/** What a command line of scripts/bench asks for, as it is printed. */
export async function measured(options: Options, caller: Pick<Rounds, 'say' | 'signal'>): Promise<string> {
  const machine = describeMachine();
  const print = (result: object, text: () => string) =>
    options.json ? JSON.stringify({ machine, ...result }, null, 2) : text();
  switch (options.what) {
    case 'spf': {
      const figures = await measureSpf({ ...options, ...caller });
      return print(figures, () => spfTextOf(figures, machine, options.rounds));
    }
    case 'auth': {
      const figures = await measureAuth({ ...options, ...caller });
      return print(figures, () => authTextOf(figures, machine, options.rounds));
    }
    case 'outbound': {
      const figures = await measureOutbound({ ...options, ...caller });
      return print(figures, () => outboundTextOf(figures, machine));
    }
    case 'message': {
      const figures = await measureMessage({ ...options, ...caller });
      return print(figures, () => messageTextOf(figures, machine, options.rounds));
    }
    case 'events': {
      const figures = await measureEvents({ ...options, ...caller });
      return print(figures, () => eventsTextOf(figures, machine, options.rounds));
    }
    case 'sessions': {
      const result = await measureSessions(options, caller);
      return print(result, () => textOf(result, machine, options));
    }
  }
}
