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
  const { rounds } = options;
  const all = { ...options, ...caller };
  const print = <T extends object>(figures: T, text: (figures: T) => string) =>
    options.json ? JSON.stringify({ machine, ...figures }, null, 2) : text(figures);
  switch (options.what) {
    case 'spf':
      return print(await measureSpf(all), (figures) => spfTextOf(figures, machine, rounds));
    case 'auth':
      return print(await measureAuth(all), (figures) => authTextOf(figures, machine, rounds));
    case 'outbound':
      return print(await measureOutbound(all), (figures) => outboundTextOf(figures, machine));
    case 'message':
      return print(await measureMessage(all), (figures) => messageTextOf(figures, machine, rounds));
    case 'events':
      return print(await measureEvents(all), (figures) => eventsTextOf(figures, machine, rounds));
    case 'sessions':
      return print(await measureSessions(options, caller), (result) => textOf(result, machine, options));
  }
}
